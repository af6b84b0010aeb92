/** The one-time code out of what a QR code says: the bare code, or an address that names it. */
export function codeOf(text: string): string {
  const trimmed = text.trim();
  const match = /[?&#]code=([^&#]+)/u.exec(trimmed);
  if (match?.[1] === undefined) return trimmed;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return match[1];
  }
}
