/** Own line icons, 24 by 24, drawn with the colour of the text beside them. */
import type { ReactNode } from "react";

export function drawn(content: ReactNode, options: { mirrored?: boolean } = {}) {
  return function Icon({ size = 24 }: { size?: number }) {
    return (
      <svg
        className={options.mirrored === true ? "icon icon--mirrored" : "icon"}
        viewBox="0 0 24 24"
        width={size}
        height={size}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.9"
        strokeLinecap="round"
        strokeLinejoin="round"
        aria-hidden="true"
        focusable="false"
      >
        {content}
      </svg>
    );
  };
}

export const LockIcon = drawn(
  <>
    <rect x="5" y="11" width="14" height="9" rx="2" />
    <path d="M8 11V8a4 4 0 0 1 8 0v3" />
  </>,
);
export const MenuIcon = drawn(<path d="M4 7h16M4 12h16M4 17h16" />);
export const CloseIcon = drawn(<path d="M6 6l12 12M18 6L6 18" />);
export const BackIcon = drawn(<path d="M15 5l-7 7 7 7" />, { mirrored: true });
export const ForwardIcon = drawn(<path d="M9 5l7 7-7 7" />, { mirrored: true });
export const BackspaceIcon = drawn(
  <>
    <path d="M9 6h11v12H9l-6-6z" />
    <path d="M12 10l4 4M16 10l-4 4" />
  </>,
  { mirrored: true },
);
export const CheckIcon = drawn(<path d="M5 13l4.5 4.5L19 7" />);
export const PlusIcon = drawn(<path d="M12 5v14M5 12h14" />);
export const MinusIcon = drawn(<path d="M5 12h14" />);
export const TrashIcon = drawn(
  <>
    <path d="M4 7h16M9 7V4.5h6V7" />
    <path d="M6.5 7l1 13h9l1-13M10.5 11v5M13.5 11v5" />
  </>,
);
export const EditIcon = drawn(<path d="M4 20l1-4.5L16 4.5l3.5 3.5L8.5 19zM13.5 7l3.5 3.5" />);
export const SearchIcon = drawn(
  <>
    <circle cx="10.5" cy="10.5" r="6" />
    <path d="M15 15l5.5 5.5" />
  </>,
);
export const ScanIcon = drawn(
  <path d="M4 8V5h3M17 5h3v3M20 16v3h-3M7 19H4v-3M7.5 9v6M10.5 9v6M13.5 9v6M16.5 9v6" />,
);
export const CameraIcon = drawn(
  <>
    <path d="M4 8h3.5L9 5.5h6L16.5 8H20v11H4z" />
    <circle cx="12" cy="13" r="3.5" />
  </>,
);
export const PersonIcon = drawn(
  <>
    <circle cx="12" cy="8" r="3.8" />
    <path d="M4.5 20c.8-4 3.8-6 7.5-6s6.7 2 7.5 6" />
  </>,
);
export const SwitchIcon = drawn(<path d="M4 9h14l-4-4M20 15H6l4 4" />);
export const CashIcon = drawn(
  <>
    <rect x="3" y="6" width="18" height="12" rx="2" />
    <circle cx="12" cy="12" r="2.7" />
    <path d="M6.5 9.5v5M17.5 9.5v5" />
  </>,
);
export const CardIcon = drawn(
  <>
    <rect x="3" y="5.5" width="18" height="13" rx="2" />
    <path d="M3 10h18M7 15h4" />
  </>,
);
export const DrawerIcon = drawn(
  <>
    <path d="M5 13V5h14v8" />
    <path d="M3 13h18v6H3zM10 16h4" />
  </>,
);
export const CashInIcon = drawn(<path d="M12 4v10M8 10.5l4 4 4-4M4 19h16" />);
export const CashOutIcon = drawn(<path d="M12 15V5M8 8.5l4-4 4 4M4 19h16" />);
export const ReportIcon = drawn(
  <>
    <path d="M6 3.5h9l4 4v13H6z" />
    <path d="M9.5 12h6M9.5 16h6M9.5 8h2.5" />
  </>,
);
export const ReceiptIcon = drawn(
  <>
    <path d="M6 3.5l2 1.5 2-1.5 2 1.5 2-1.5 2 1.5 2-1.5v17l-2-1.5-2 1.5-2-1.5-2 1.5-2-1.5-2 1.5z" />
    <path d="M9 10h6M9 14h6" />
  </>,
);
export const PrintIcon = drawn(
  <>
    <path d="M7 9V4h10v5M7 17H4V9h16v8h-3" />
    <path d="M7 14h10v6H7z" />
  </>,
);
export const ReturnIcon = drawn(<path d="M8 5L4 9l4 4M4 9h10a5.5 5.5 0 0 1 0 11H9" />);
export const HoldIcon = drawn(
  <>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M10 9v6M14 9v6" />
  </>,
);
export const TagIcon = drawn(
  <>
    <path d="M4 12V4h8l8 8-8 8z" />
    <circle cx="8.5" cy="8.5" r="1.2" />
  </>,
);
export const PercentIcon = drawn(
  <>
    <path d="M18 6L6 18" />
    <circle cx="7.5" cy="7.5" r="2.3" />
    <circle cx="16.5" cy="16.5" r="2.3" />
  </>,
);
export const NoteIcon = drawn(<path d="M5 4h14v11l-5 5H5zM14 20v-5h5M8.5 9h7M8.5 13h4" />);
export const StarIcon = drawn(<path d="M12 4l2.5 5.2 5.5.8-4 4 1 5.7-5-2.7-5 2.7 1-5.7-4-4 5.5-.8z" />);
export const GridIcon = drawn(
  <path d="M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM13.5 13.5h6v6h-6z" />,
);
export const SettingsIcon = drawn(
  <>
    <path d="M4 7h9M17 7h3M4 17h3M11 17h9" />
    <circle cx="15" cy="7" r="2.2" />
    <circle cx="9" cy="17" r="2.2" />
  </>,
);
export const KeyboardIcon = drawn(
  <>
    <rect x="2.5" y="6" width="19" height="12" rx="2" />
    <path d="M6 10h.01M10 10h.01M14 10h.01M18 10h.01M7.5 14h9" />
  </>,
);
export const OnlineIcon = drawn(
  <path d="M3 9.5a13 13 0 0 1 18 0M6.2 13a8.5 8.5 0 0 1 11.6 0M9.4 16.3a4 4 0 0 1 5.2 0M12 19.5h.01" />,
);
export const OfflineIcon = drawn(
  <path d="M3 9.5a13 13 0 0 1 6-3.3M13 6a13 13 0 0 1 8 3.5M6.2 13a8.5 8.5 0 0 1 3.8-2.1M9.4 16.3a4 4 0 0 1 5.2 0M12 19.5h.01M4 3.5l16 17" />,
);
export const SyncIcon = drawn(
  <path d="M19.5 9A8 8 0 0 0 5.5 7L4 8.5M4 4.5v4h4M4.5 15a8 8 0 0 0 14 2l1.5-1.5M20 19.5v-4h-4" />,
);
export const WarningIcon = drawn(<path d="M12 4L2.8 19.5h18.4zM12 10v4.5M12 17.3h.01" />);
export const InfoIcon = drawn(
  <>
    <circle cx="12" cy="12" r="8.8" />
    <path d="M12 11v5.5M12 7.7h.01" />
  </>,
);
export const DownloadIcon = drawn(<path d="M12 4v11M7.5 11l4.5 4.5 4.5-4.5M4 19.5h16" />);
export const UploadIcon = drawn(<path d="M12 16V4.5M7.5 9L12 4.5 16.5 9M4 19.5h16" />);
export const QrIcon = drawn(
  <path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5H14zM17.5 17.5H20V20h-2.5zM20 14h.01M14 20h.01" />,
);
export const DeviceIcon = drawn(
  <>
    <rect x="4" y="4" width="16" height="12" rx="2" />
    <path d="M9 20h6M12 16v4" />
  </>,
);
export const LanguageIcon = drawn(
  <>
    <circle cx="12" cy="12" r="8.8" />
    <path d="M3.5 12h17M12 3.2c5 5 5 12.6 0 17.6M12 3.2c-5 5-5 12.6 0 17.6" />
  </>,
);
export const ClockIcon = drawn(
  <>
    <circle cx="12" cy="12" r="8.5" />
    <path d="M12 7v5.3l3.5 2" />
  </>,
);
