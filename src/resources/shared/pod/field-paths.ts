/** The key in `metadata.annotations['KEY']` or `metadata.labels['KEY']`; undefined for other field paths. */
export function annotationOrLabelKey(fieldPath: string): string | undefined {
  return /^metadata\.(?:annotations|labels)\['(.*)'\]$/.exec(fieldPath)?.[1];
}
