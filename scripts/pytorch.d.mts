/** Installs PyTorch where it is missing. Returns its Python interpreter. */
export function pytorch(): string;
