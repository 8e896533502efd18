// The session that /fill/SIZE stores.

import {createHash} from "node:crypto"
import {readFileSync} from "node:fs"

const folder = new URL("../../payload/", import.meta.url)
const small = readFileSync(new URL("300.json", folder), "utf8")
const large = readFileSync(new URL("10k.json", folder), "utf8")

// `300`, `10k`, or about as many bytes of JSON as the number says.
export function sessionOf(size) {
  if (size === "300") {
    return JSON.parse(small)
  }
  if (size === "10k") {
    return JSON.parse(large)
  }
  return padded(Number(size))
}

function padded(bytes) {
  const padding = []
  let length = small.length + ',"padding":[]'.length
  while (length < bytes) {
    const n = padding.length
    // Looks random, so that compression does not make the padding vanish.
    const k = createHash("sha256").update(String(n)).digest("hex").slice(0, 16)
    padding.push({k, n})
    length += JSON.stringify({k, n}).length + ",".length
  }
  return {...JSON.parse(small), padding}
}
