/** Mount points in the order they were made, from the text of /proc/self/mounts. */
export function mountPoints(mounts: string): string[] {
  return mounts
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point !== '')
    .map(unescapedMountPoint);
}

/** The kernel writes blanks and the like as octal numbers. */
export function unescapedMountPoint(point: string): string {
  return point.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}
