/** The browser's own print, on a page as wide as the roll and as long as the receipt. */

const CSS_PIXELS_PER_MM = 96 / 25.4;
/** Room below the last row, where the paper is torn. */
const TEAR_MM = 6;

/**
 * Prints what `sheet` (class `print-sheet`, a child of the body) holds. The page's size is a rule of its
 * own: rolls have no length, and a browser left to itself would cut the receipt at an A4's end.
 */
export function printSheet(sheet: HTMLElement, width: 58 | 80): void {
  const rules = new CSSStyleSheet();
  rules.replaceSync(pageRule(width, heightOf(sheet)));
  // Not a <style>: the page's content security policy knows no inline ones.
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, rules];
  document.body.classList.add("printing-receipt");
  try {
    // Blocks until the dialog is closed, or returns at once where printing is silent.
    window.print();
  } finally {
    document.body.classList.remove("printing-receipt");
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((each) => each !== rules);
  }
}

export function pageRule(width: 58 | 80, heightMm: number): string {
  return `@page { size: ${width}mm ${Math.max(width, Math.ceil(heightMm))}mm; margin: 0; }`;
}

function heightOf(sheet: HTMLElement): number {
  // Hidden outside of print; shown out of sight just long enough to be measured.
  sheet.style.cssText = "display:block;position:fixed;inset-inline-start:-9999px";
  const pixels = sheet.getBoundingClientRect().height;
  sheet.style.cssText = "";
  return pixels / CSS_PIXELS_PER_MM + TEAR_MM;
}
