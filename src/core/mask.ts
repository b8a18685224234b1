/** What stands for a sensitive value in an answer, a status or a log line; sent back to the admin API, it means "unchanged". */
export const MASK = '********';
