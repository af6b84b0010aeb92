/** QR codes as squares: for an SVG on screen and in print, for a canvas on its way to a printer. */
import { encode } from "uqr";

export interface Squares {
  size: number;
  dark: readonly (readonly boolean[])[];
}

/** Paper gets creased: M survives 15 % of damage. The quiet zone is part of the picture. */
export function squaresOf(text: string): Squares {
  const { size, data } = encode(text, { ecc: "M", border: 2 });
  return { size, dark: data };
}

/** One path for all dark squares: thousands of elements would make a receipt slow to scroll. */
export function pathOf({ dark }: Squares): string {
  let path = "";
  dark.forEach((row, y) => {
    for (let x = 0; x < row.length; x += 1) {
      if (row[x] !== true) continue;
      let end = x;
      while (row[end + 1] === true) end += 1;
      path += `M${x} ${y}h${end - x + 1}v1h-${end - x + 1}z`;
      x = end;
    }
  });
  return path;
}
