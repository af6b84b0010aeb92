/**
 * Draws the rows of a receipt on a canvas. The browser shapes the Arabic, as a printer's own character
 * set would not; ESC/POS and PDF take the picture.
 */
import { squaresOf } from "../receipts/qr";
import type { ReceiptRow } from "../receipts/rows";
import { bitmapOf, type Bitmap } from "./escpos";

/** Dots across the printable part of the paper at 203 dpi, as printers of these widths have. */
export const DOTS: Readonly<Record<58 | 80, number>> = { 58: 384, 80: 576 };

const FAMILY = 'system-ui, "Segoe UI", Roboto, "Noto Sans", "Noto Sans Arabic", sans-serif';
/** Type size in dots: 3 mm capitals on both papers are read at arm's length. */
const TEXT: Readonly<Record<58 | 80, number>> = { 58: 21, 80: 24 };
const LINE_HEIGHT = 1.35;
/** An address or a footer of more lines than this is somebody's mistake, and costs a roll of paper. */
const LINES_MAX = 40;

type Direction = "ltr" | "rtl";
type Align = "start" | "middle" | "finish";

/** `scale` draws finer than a printer's dots, for a PDF. */
export function drawReceipt(rows: readonly ReceiptRow[], width: 58 | 80, scale = 1): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = DOTS[width] * scale;
  canvas.height = 1;
  // Once to learn the height, once to draw: setting the height empties a canvas.
  const height = new Pen(canvas, TEXT[width] * scale, scale).rows(rows);
  canvas.height = Math.ceil(height);
  const pen = new Pen(canvas, TEXT[width] * scale, scale);
  pen.clear();
  pen.rows(rows);
  return canvas;
}

export function bitmapOfCanvas(canvas: HTMLCanvasElement): Bitmap {
  const context = contextOf(canvas);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return bitmapOf(data, canvas.width, canvas.height);
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("this browser draws no pictures");
  return context;
}

class Pen {
  private readonly context: CanvasRenderingContext2D;
  private readonly width: number;
  private y = 0;

  constructor(
    canvas: HTMLCanvasElement,
    private readonly size: number,
    private readonly scale: number,
  ) {
    this.context = contextOf(canvas);
    this.width = canvas.width;
  }

  clear(): void {
    this.context.fillStyle = "#fff";
    this.context.fillRect(0, 0, this.context.canvas.width, this.context.canvas.height);
    this.context.fillStyle = "#000";
  }

  rows(rows: readonly ReceiptRow[]): number {
    for (const row of rows) this.row(row);
    this.y += this.size;
    return this.y;
  }

  private row(row: ReceiptRow): void {
    switch (row.kind) {
      case "heading":
        this.texts(row, this.size * 1.5, true);
        break;
      case "title":
        this.texts(row, this.size * 1.1, true);
        break;
      case "centred":
        this.texts(row, this.size, false);
        break;
      case "mark":
        this.mark(`${row.en}   ${row.ar}`);
        break;
      case "pair":
        this.pair(row.en, row.value, row.ar, row.strong);
        break;
      case "item":
        this.names(row.en, row.ar);
        this.sides(row.detail, row.amount);
        if (row.note !== null) this.lines(row.note, this.size * 0.9, false, "start", directionOf(row.note));
        this.y += this.size * 0.3;
        break;
      case "columns":
        this.columns(row.cells, row.head);
        break;
      case "rule":
        this.rule();
        break;
      case "qr":
        this.qr(row.text, `${row.en} · ${row.ar}`);
        break;
    }
  }

  private font(size: number, bold: boolean): void {
    this.context.font = `${bold ? "700" : "500"} ${size}px ${FAMILY}`;
  }

  private texts({ en, ar }: { en: string; ar: string }, size: number, bold: boolean): void {
    for (const line of en.split("\n"))
      if (line !== "") this.lines(line, size, bold, "middle", directionOf(line));
    if (ar === en) return;
    for (const line of ar.split("\n")) if (line !== "") this.lines(line, size, bold, "middle", "rtl");
  }

  /** One paragraph, wrapped. */
  private lines(text: string, size: number, bold: boolean, align: Align, direction: Direction): void {
    this.font(size, bold);
    for (const line of this.wrapped(text, this.width)) {
      this.text(line, align, direction, this.y + size);
      this.y += size * LINE_HEIGHT;
    }
  }

  private text(text: string, align: Align, direction: Direction, baseline: number): void {
    this.context.direction = direction;
    this.context.textAlign = align === "middle" ? "center" : align === "start" ? "start" : "end";
    const forward = direction === "ltr" ? 0 : this.width;
    const x = align === "middle" ? this.width / 2 : align === "start" ? forward : this.width - forward;
    this.context.fillText(text, x, baseline);
  }

  private wrapped(text: string, width: number): string[] {
    const lines: string[] = [];
    let line = "";
    for (const word of text.split(/\s+/u)) {
      const longer = line === "" ? word : `${line} ${word}`;
      if (this.context.measureText(longer).width <= width) {
        line = longer;
        continue;
      }
      if (line !== "") lines.push(line);
      line = word;
      // A word wider than the paper is broken where the paper ends.
      while (this.context.measureText(line).width > width && line.length > 1) {
        let fits = line.length - 1;
        while (fits > 1 && this.context.measureText(line.slice(0, fits)).width > width) fits -= 1;
        lines.push(line.slice(0, fits));
        line = line.slice(fits);
      }
    }
    return [...lines, line].slice(0, LINES_MAX);
  }

  private pair(en: string, value: string, ar: string, strong: boolean): void {
    const size = strong ? this.size * 1.25 : this.size;
    this.font(size, strong);
    const gap = size * 0.5;
    const left = this.context.measureText(en).width + gap;
    const right = this.context.measureText(ar).width + gap;
    const middle = this.context.measureText(value).width;
    const room = this.width - left - right;
    if (room < 0) {
      // Not even the labels fit beside each other.
      this.lines(en, size, strong, "start", directionOf(en));
      this.lines(ar, size, strong, "start", "rtl");
      this.lines(value, size, strong, "middle", directionOf(value));
      return;
    }
    this.text(en, "start", "ltr", this.y + size);
    this.text(ar, "start", "rtl", this.y + size);
    if (middle > room) {
      // Too long for between the labels: beneath them.
      this.y += size * LINE_HEIGHT;
      this.lines(value, size, strong, "middle", directionOf(value));
      return;
    }
    this.context.direction = directionOf(value);
    this.context.textAlign = "center";
    const centre = Math.min(Math.max(this.width / 2, left + middle / 2), this.width - right - middle / 2);
    this.context.fillText(value, centre, this.y + size);
    this.y += size * LINE_HEIGHT;
  }

  /** Beside each other where both fit: a roll of paper costs money. */
  private names(en: string, ar: string): void {
    this.font(this.size, false);
    const both = this.context.measureText(en).width + this.context.measureText(ar).width + 2 * this.size;
    if (ar !== "" && both <= this.width) this.text(ar, "start", "rtl", this.y + this.size);
    this.lines(en, this.size, false, "start", directionOf(en));
    if (ar !== "" && both > this.width) this.lines(ar, this.size, false, "start", "rtl");
  }

  private sides(detail: string, amount: string): void {
    this.font(this.size, false);
    this.text(detail, "start", "ltr", this.y + this.size);
    this.font(this.size, true);
    this.text(amount, "finish", "ltr", this.y + this.size);
    this.y += this.size * LINE_HEIGHT;
  }

  private columns(cells: readonly [string, string, string], head: boolean): void {
    const size = head ? this.size * 0.85 : this.size;
    this.font(size, false);
    cells.forEach((cell, at) => {
      this.context.direction = "ltr";
      this.context.textAlign = at === 0 ? "left" : "right";
      this.context.fillText(cell, at === 0 ? 0 : (this.width / 3) * (at + 1), this.y + size);
    });
    this.y += size * LINE_HEIGHT;
  }

  private rule(): void {
    this.y += this.size * 0.4;
    const dash = 6 * this.scale;
    for (let x = 0; x < this.width; x += 2 * dash) this.context.fillRect(x, this.y, dash, 2 * this.scale);
    this.y += this.size * 0.6;
  }

  private mark(text: string): void {
    const size = this.size * 1.3;
    this.font(size, true);
    this.y += size * 0.3;
    this.context.lineWidth = 3 * this.scale;
    this.context.strokeStyle = "#000";
    this.context.strokeRect(2 * this.scale, this.y, this.width - 4 * this.scale, size * 1.6);
    this.text(text, "middle", "ltr", this.y + size * 1.1);
    this.y += size * 2;
  }

  private qr(text: string, caption: string): void {
    const squares = squaresOf(text);
    // Whole dots per square, or a scanner sees unequal bars.
    const side = Math.max(2 * this.scale, Math.floor((this.width * 0.45) / squares.size));
    const start = Math.floor((this.width - side * squares.size) / 2);
    this.y = Math.ceil(this.y + this.size * 0.4);
    squares.dark.forEach((row, at) => {
      row.forEach((dark, x) => {
        if (dark) this.context.fillRect(start + x * side, this.y + at * side, side, side);
      });
    });
    this.y += side * squares.size;
    this.lines(caption, this.size * 0.85, false, "middle", "ltr");
  }
}

const ARABIC = /[\u0590-\u08ff\ufb1d-\ufefc]/u;

/** By its first strong letter, roughly as browsers do for `dir="auto"`. */
function directionOf(text: string): Direction {
  const first = /\p{L}/u.exec(text)?.[0];
  return first !== undefined && ARABIC.test(first) ? "rtl" : "ltr";
}
