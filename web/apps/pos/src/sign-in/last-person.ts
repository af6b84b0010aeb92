/** Who worked here last, while the page is open: a lock asks for their PIN, a switch asks who comes. */
export const lastPerson: { id: string | null } = { id: null };
