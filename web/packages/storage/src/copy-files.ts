/** The copy's two files by their names: opening them, and letting go of those that the browser deleted. */
import type { FileHandle, Files } from "./environment";

const SLOTS = ["journal-0", "journal-1"] as const;

export class CopyFiles {
  private held: { name: string; handle: FileHandle }[] = [];

  constructor(private readonly files: Files) {}

  /** Those that are open are let go first. Raises when one of them cannot be opened, or the browser does not say. */
  async open(): Promise<[FileHandle, FileHandle]> {
    await this.release();
    const hold = async (name: string): Promise<FileHandle> => {
      const handle = await this.files.open(name);
      // Also when the other cannot be opened: an open file is locked, against us as well.
      this.held.push({ name, handle });
      return handle;
    };
    const [one, other] = await Promise.allSettled([hold(SLOTS[0]), hold(SLOTS[1])]);
    if (one.status === "rejected") throw one.reason;
    if (other.status === "rejected") throw other.reason;
    return [one.value, other.value];
  }

  /** Whether those that are open are there by their names. Raises when the browser does not say. */
  async areThere(): Promise<boolean> {
    return (await this.found()).every(Boolean);
  }

  /** Closes all but the deleted ones: Chromium 156 never comes back from closing those. Raises as `areThere`. */
  async release(): Promise<void> {
    const found = await this.found();
    const { held } = this;
    this.held = [];
    held.forEach(({ handle }, index) => {
      if (found[index] === true) handle.close();
    });
  }

  /** Of files that nobody can have deleted. */
  close(): void {
    for (const { handle } of this.held.splice(0)) handle.close();
  }

  private found(): Promise<boolean[]> {
    return Promise.all(this.held.map(({ name }) => this.files.has(name)));
  }
}
