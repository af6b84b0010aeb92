/**
 * Asks as fast as answers come: one question on its way at a time, only the newest waits behind it, and
 * an answer to a question that is no longer asked is dropped. No fixed delay, so a fast engine is felt.
 */
export class Latest<Question, Answer> {
  private waiting: { question: Question } | null = null;
  private busy = false;
  private newest = 0;

  constructor(
    private readonly ask: (question: Question) => Promise<Answer>,
    private readonly tell: (answer: Answer, question: Question) => void,
    private readonly fail: (error: unknown) => void,
  ) {}

  put(question: Question): void {
    this.newest += 1;
    if (this.busy) this.waiting = { question };
    else void this.go(question);
  }

  /** Whatever is on its way is no longer wanted. */
  forget(): void {
    this.newest += 1;
    this.waiting = null;
  }

  private async go(question: Question): Promise<void> {
    const mine = this.newest;
    this.busy = true;
    try {
      const answer = await this.ask(question);
      if (mine === this.newest) this.tell(answer, question);
    } catch (error) {
      if (mine === this.newest) this.fail(error);
    } finally {
      this.busy = false;
    }
    const next = this.waiting;
    this.waiting = null;
    if (next !== null) await this.go(next.question);
  }
}
