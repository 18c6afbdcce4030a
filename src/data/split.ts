export type Split = 'train' | 'val' | 'test';
