/** A receipt as PDF, one page as long as the receipt. pdf-lib is large and comes only when it is wanted. */
import type { ReceiptRow } from "../receipts/rows";
import { drawReceipt } from "./raster";

/** Points of a PDF in a millimetre. */
const POINTS_PER_MM = 72 / 25.4;
const MARGIN_MM = 4;
/** Three times a printer's dots: 600 dpi is sharp when enlarged. */
const SCALE = 3;

export async function receiptPdf(
  rows: readonly ReceiptRow[],
  { width, title }: { width: 58 | 80; title: string },
): Promise<Blob> {
  const canvas = drawReceipt(rows, width, SCALE);
  const picture = await pngOf(canvas);
  const { PDFDocument } = await import("pdf-lib");
  const document = await PDFDocument.create();
  document.setTitle(title);
  const image = await document.embedPng(picture);
  const inner = (width - 2 * MARGIN_MM) * POINTS_PER_MM;
  const height = (inner * canvas.height) / canvas.width;
  const margin = MARGIN_MM * POINTS_PER_MM;
  const page = document.addPage([width * POINTS_PER_MM, height + 2 * margin]);
  page.drawImage(image, { x: margin, y: margin, width: inner, height });
  const bytes = await document.save();
  return new Blob([Uint8Array.from(bytes)], { type: "application/pdf" });
}

function pngOf(canvas: HTMLCanvasElement): Promise<ArrayBuffer> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob === null) reject(new Error("the receipt is too long for one picture"));
      else resolve(blob.arrayBuffer());
    }, "image/png");
  });
}
