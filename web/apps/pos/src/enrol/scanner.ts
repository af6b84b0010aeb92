/** The camera as a QR reader, where the browser has a BarcodeDetector (Chromium on Android mostly). */

interface Detector {
  detect(source: CanvasImageSource): Promise<{ rawValue: string }[]>;
}
interface DetectorClass {
  new (options: { formats: string[] }): Detector;
  getSupportedFormats(): Promise<string[]>;
}

/** Three looks a second read a code that is held still, and leave an old tablet cool. */
const LOOK_EVERY_MS = 330;

function detectorClass(): DetectorClass | null {
  return (globalThis as { BarcodeDetector?: DetectorClass }).BarcodeDetector ?? null;
}

export async function canScanQr(): Promise<boolean> {
  const found = detectorClass();
  // Typed as always there, but missing where the page is not served securely.
  const devices = (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
  if (found === null || devices === undefined) return false;
  try {
    return (await found.getSupportedFormats()).includes("qr_code");
  } catch {
    return false;
  }
}

/** Shows the camera in `video` and gives every text it reads, until it is stopped. Rejects without a camera. */
export async function scanQr(video: HTMLVideoElement, onRead: (text: string) => void): Promise<() => void> {
  const found = detectorClass();
  if (found === null) throw new Error("no BarcodeDetector");
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  video.srcObject = stream;
  await video.play();
  const detector = new found({ formats: ["qr_code"] });
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    detector
      .detect(video)
      .then((codes) => {
        for (const code of codes) onRead(code.rawValue);
      })
      // A frame that is not there yet; the next look will have one.
      .catch(() => undefined)
      .finally(() => {
        looking = false;
      });
  }, LOOK_EVERY_MS);
  return () => {
    clearInterval(timer);
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}
