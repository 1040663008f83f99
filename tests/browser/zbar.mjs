// Reads 8-bit grey pixels (width, height, base64 from standard input) and prints what zbar finds.
import { scanGrayBuffer } from "@undecaf/zbar-wasm";
import { readFileSync } from "node:fs";

const [width, height, pixels] = readFileSync(0, "utf8").split(" ");
const bytes = Uint8Array.from(Buffer.from(pixels, "base64"));
const found = await scanGrayBuffer(bytes.buffer, Number(width), Number(height));
console.log(JSON.stringify(found.map((symbol) => symbol.decode())));
