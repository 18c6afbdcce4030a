import { colors, shapes } from './scene';
import { pairsPerSet, sentencesPerSet, type Part } from './sentenceSet';

/** Returns the text of a sample's README.txt. */
export function readmeText(sets: Readonly<Record<Part, number>>, seed: number): string {
  const examples = (part: Part): string =>
    (sets[part] * pairsPerSet * sentencesPerSet).toLocaleString('en-US');
  return `Sample data set of NLVR Workbench
=================================

Drawn and worded by "nlvr sample" (seed ${seed}); make it again and you get the same files. An example is a
sentence about two pictures, and it is true or false:

  ${colors.map((c) => c.name).join(', ')}  ×  ${shapes.map((s) => s.plural).join(', ')}

  annotation/nlvr_train.json   ${examples('train')} examples to train on
  annotation/nlvr_dev.json     ${examples('dev')} to choose the best checkpoint with
  annotation/nlvr_test.json    ${examples('test1')} to report on
  annotation/nlvr_easy.json    ${examples('easy')} easy ones for a first stage of training (curriculum)
  images/                      the pictures, ${pairsPerSet} pairs a set of sentences
  nlvr.yaml                    a configuration that learns this from random weights in minutes on a CPU

The annotations have BLIP's format ("sentence", "label", "images") with NLVR2's identifiers
(split-set-pair-sentence) and the kind of sentence, by which accuracy is reported. Every sentence is
asked about ${pairsPerSet} pairs and true of half of them, so the words alone, and either picture without the words, are not enough to answer.
No picture's arrangement occurs in two splits.

Train:  nlvr train --config nlvr.yaml
or open this folder in VS Code and run "NLVR: Start NLVR Training".

The pictures and sentences are in the public domain (CC0).
`;
}
