// The camera, looked at several times a second by the browser's own reader of QR codes, or by the packaged one.
const PAUSE = 120;

async function reader() {
  if ("BarcodeDetector" in window && (await BarcodeDetector.getSupportedFormats()).includes("qr_code")) {
    return new BarcodeDetector({ formats: ["qr_code"] });
  }
  try {
    const packaged = await import("./decoder/decode.js");
    return new packaged.BarcodeDetector({ formats: ["qr_code"] });
  } catch {
    throw new Error("no_decoder");
  }
}

// Calls `seen` with each code read until the function that it answers is called. Fails with no_decoder or no_camera.
export async function watch(video, seen) {
  const eyes = await reader();
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 960 } } });
  } catch {
    throw new Error("no_camera");
  }
  video.srcObject = stream;
  await video.play();
  let open = true;
  const look = async () => {
    if (!open) return;
    try {
      for (const { rawValue } of await eyes.detect(video)) await seen(rawValue);
    } catch { /* A frame that cannot be read: the next one comes. */ }
    setTimeout(look, PAUSE);
  };
  look();
  return () => {
    open = false;
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
}
