export { startDocker } from './docker/docker-runtime.ts';
export { startSim } from './sim/sim-runtime.ts';
