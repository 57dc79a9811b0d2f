/** Runs the admission plugins of one phase, in order. */
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';

/** True when a plugin took part that may have changed the object. */
export async function mutate(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<boolean> {
  const { group, resource } = request.definition;
  let any = false;
  for (const plugin of plugins) {
    if (plugin.mutate === undefined) continue;
    any ||= plugin.changes === undefined || plugin.changes.includes(`${group}/${resource}`);
    const pending = plugin.mutate(request);
    if (pending !== undefined) await pending;
  }
  return any;
}

export async function validate(plugins: readonly AdmissionPlugin[], request: AdmissionRequest): Promise<void> {
  for (const plugin of plugins) {
    const pending = plugin.validate?.(request);
    if (pending !== undefined) await pending;
  }
}
