/** The keys that work where the help was opened. */
import { useWords } from "../i18n";
import { Dialog } from "../ui/dialog";
import { useListedShortcuts } from "../ui/shortcuts";
import { Table } from "../ui/table";

export function HelpDialog({ onClose }: { onClose: () => void }) {
  const t = useWords();
  const shortcuts = useListedShortcuts();
  return (
    <Dialog title={t("help.title")} onClose={onClose} reading>
      <p>{t("help.general")}</p>
      <Table
        caption={t("help.title")}
        rows={shortcuts}
        keyOf={(row) => `${row.keys} ${row.label}`}
        columns={[
          {
            key: "key",
            head: t("help.key"),
            cell: (row) => <kbd className="key">{row.keys}</kbd>,
            header: true,
          },
          { key: "what", head: t("help.what"), cell: (row) => row.label },
        ]}
      />
    </Dialog>
  );
}
