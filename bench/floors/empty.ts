/** The first floor: a function that does nothing. */
export const handler = async (): Promise<null> => null;
