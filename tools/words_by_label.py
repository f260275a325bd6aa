#!/usr/bin/env python
"""The words that support each predicted label most, over a whole split.

    python tools/words_by_label.py results/snli_bilstm/interpretations.jsonl

A word's value is its mean score over its occurrences in the last text of an
example (the hypothesis of a pair) whose explained label is that one.
"""
import argparse
import collections
import json


def mean_scores(path, method):
    """label name -> {word: list of scores}"""
    scores = collections.defaultdict(lambda: collections.defaultdict(list))
    with open(path, encoding='utf-8') as f:
        for line in f:
            record = json.loads(line)
            entry = record['methods'][method]
            label = record['label_names'][entry['target']]
            for word, score in zip(record['words'][-1], entry['scores'][-1],
                                   strict=True):
                scores[label][word].append(score)
    return scores


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n\n')[0])
    parser.add_argument('path', help='an interpretations.jsonl')
    parser.add_argument('--method', default='conformity')
    parser.add_argument('--least', type=int, default=8,
                        help='fewest occurrences of a word (default: 8)')
    parser.add_argument('--top', type=int, default=7)
    args = parser.parse_args()
    for label, words in sorted(mean_scores(args.path, args.method).items()):
        ranked = sorted(((sum(s) / len(s), word) for word, s in words.items()
                         if len(s) >= args.least), reverse=True)
        print(f'{label}: ' + ', '.join(
            f'{word} {mean:.2f}' for mean, word in ranked[:args.top]))


if __name__ == '__main__':
    main()
