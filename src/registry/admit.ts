/** Runs the admission plugins of one phase, in order. */
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';
import type { Engine } from './engine.ts';
import type { AdmissionPhase } from './measures.ts';

type Admitting = Pick<Engine, 'admission' | 'measures'>;

/** True when a plugin took part that may have changed the object. */
export async function mutate(engine: Admitting, request: AdmissionRequest): Promise<boolean> {
  const { group, resource } = request.definition;
  let any = false;
  await run(engine, 'admit', request, (plugin) => {
    if (plugin.mutate === undefined) return 'not concerned';
    any ||= plugin.changes === undefined || plugin.changes.includes(`${group}/${resource}`);
    return plugin.mutate(request);
  });
  return any;
}

export async function validate(engine: Admitting, request: AdmissionRequest): Promise<void> {
  await run(engine, 'validate', request, (plugin) => (plugin.validate === undefined ? 'not concerned' : plugin.validate(request)));
}

/** `call` throws or rejects to refuse. */
async function run(
  { admission, measures }: Admitting,
  phase: AdmissionPhase,
  request: AdmissionRequest,
  call: (plugin: AdmissionPlugin) => Promise<void> | void | 'not concerned',
): Promise<void> {
  const measure = measures.phase(phase, request.operation);
  const start = performance.now();
  let began = start;
  for (const plugin of admission) {
    try {
      const pending = call(plugin);
      if (pending === 'not concerned') continue;
      if (pending !== undefined) await pending;
    } catch (error) {
      const now = performance.now();
      measure.rejected(plugin.name, now - began, now - start);
      throw error;
    }
    const now = performance.now();
    measure.passed(plugin.name, now - began);
    began = now;
  }
  measure.done(began - start);
}
