/** How a process sees a call of the platform that was refused, or whose answer was lost. */
export const unavailable = (): Error => new Error('the platform does not answer');
