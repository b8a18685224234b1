/** Run by jest once after all suites: stops what global-setup.ts started. */
export default async (): Promise<void> => {
  await globalThis.stopSharedServices?.();
};
