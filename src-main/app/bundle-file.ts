import { statSync } from "node:fs";
import { join, normalize, sep } from "node:path";

const LONGEST_PATH = 1_000;

/** A file of the bundle for a path of the address as it came; undefined for a folder and for all that tries to leave it. */
export function bundleFile(bundle: string, pathname: string): string | undefined {
  if (pathname.length > LONGEST_PATH) return undefined;
  const decoded = decode(pathname);
  if (decoded === undefined || decoded.includes("\0") || decoded.includes("\\")) return undefined;
  const path = normalize(join(bundle, decoded === "/" ? "index.html" : decoded));
  const isInside = path.startsWith(bundle + sep);
  return isInside && statSync(path, { throwIfNoEntry: false })?.isFile() === true ? path : undefined;
}

function decode(pathname: string): string | undefined {
  try {
    return decodeURIComponent(pathname);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
