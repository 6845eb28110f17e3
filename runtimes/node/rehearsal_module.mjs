// See rehearsal.js.
export const handler = async (event) => event;
