/**
 * Insertions, deletions, substitutions and swaps of neighbours that turn `from` into `to`.
 *
 * @see Damerau (1964), "A technique for computer detection and correction of spelling errors", CACM 7(3); restricted form
 */
export function editDistance(from: string, to: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current: number[] = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      const costs = [
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        ...(row > 1 && column > 1 && isSwap ? [(beforeLast[column - 2] ?? 0) + 1] : []),
      ];
      current.push(Math.min(...costs));
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}

/** The candidate nearest to `name`, not farther than `farthest`; the first of equals. */
export function nearest(name: string, candidates: readonly string[], farthest: number): string | undefined {
  let best: { readonly candidate: string; readonly distance: number } | undefined;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - name.length) > farthest) continue;
    const distance = editDistance(name, candidate);
    if (distance <= farthest && (best === undefined || distance < best.distance)) best = { candidate, distance };
  }
  return best?.candidate;
}
