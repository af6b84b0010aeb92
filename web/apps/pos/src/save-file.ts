/** Saves a file in the downloads of this device; the address is given back once the browser has it. */
export function saveFile(name: string, file: Blob): void {
  const address = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => {
    URL.revokeObjectURL(address);
  }, ADDRESS_KEPT_MS);
}

/** Longer than any browser asks where to put it. */
const ADDRESS_KEPT_MS = 60_000;
