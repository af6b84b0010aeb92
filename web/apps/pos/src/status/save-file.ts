/** Bytes as a file in the downloads of this device. */
export function saveFile(name: string, bytes: Uint8Array): void {
  const address = URL.createObjectURL(
    new Blob([Uint8Array.from(bytes)], { type: "application/octet-stream" }),
  );
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The download has its own hold on the bytes by the next turn of the loop.
  setTimeout(() => {
    URL.revokeObjectURL(address);
  }, 0);
}
