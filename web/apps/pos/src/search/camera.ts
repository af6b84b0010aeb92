/** Barcodes and QR codes through the camera, where the browser has a BarcodeDetector. */

interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}
type DetectorClass = new (options: { formats: string[] }) => Detector;

const FORMATS = ["ean_13", "ean_8", "upc_a", "upc_e", "code_128", "data_matrix", "qr_code"];
/** Eight pictures a second are enough for a hand that holds still, and leave the processor to the till. */
const LOOK_EVERY_MS = 125;

function detectorClass(): DetectorClass | undefined {
  return (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector;
}

/** The camera itself is asked for only when somebody wants it. */
export function cameraReads(): boolean {
  // Typed as always there, and absent on pages without a secure origin.
  const { mediaDevices: devices } = navigator as { mediaDevices?: MediaDevices };
  return detectorClass() !== undefined && devices !== undefined;
}

/** Shows the camera in `video` until `stop`; resolves to the first code seen. Rejects where there is no camera. */
export async function firstCode(video: HTMLVideoElement, stop: AbortSignal): Promise<string> {
  const Reader = detectorClass();
  if (Reader === undefined) throw new Error("this browser reads no barcodes");
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  try {
    video.srcObject = stream;
    await video.play();
    const reader = new Reader({ formats: FORMATS });
    for (;;) {
      stop.throwIfAborted();
      const [seen] = await reader.detect(video);
      if (seen !== undefined && seen.rawValue !== "") return seen.rawValue;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}
