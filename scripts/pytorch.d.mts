/** Installs PyTorch if necessary. @returns the Python interpreter */
export function pytorch(): string;
