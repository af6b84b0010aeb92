/** One thing at a time: whatever changes the till waits until the change before it has ended. */

export class Exclusive {
  private last: Promise<unknown> = Promise.resolve();
  private count = 0;

  /** Whether something runs or waits. */
  get busy(): boolean {
    return this.count > 0;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    this.count += 1;
    const result = this.last.then(work).finally(() => {
      this.count -= 1;
    });
    // What failed has told its caller; the next one begins all the same.
    this.last = result.catch(() => undefined);
    return result;
  }
}
