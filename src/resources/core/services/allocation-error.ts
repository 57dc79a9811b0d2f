/** Why an address or a port could not be had; the texts are upstream's. */
export class AllocationError extends Error {
  readonly full: boolean;
  constructor(message: string, full = false) {
    super(message);
    this.name = 'AllocationError';
    this.full = full;
  }
}
