"""What is asked: examples of a split, or texts of the user's own."""
import pathlib
import reprlib
import sys
from typing import NamedTuple

import nlp_utils
import text_datasets
from errors import UserError
from files.rows import check_text


class Question(NamedTuple):
    """An example to explain.

    Attributes:
        id (int): Its position in the split, or among the user's texts.
        example (text_datasets.Example): Tokens; the label -1 if unknown.
        words (list of list of str): Its words as they should be shown.
        split (str): The split it comes from, or None.
    """

    id: int
    example: text_datasets.Example
    words: list
    split: str = None


def split_questions(run, split, ids=None, limit=None):
    """Questions about the examples of a split.

    Args:
        run (runs.Run): The run that is asked.
        split (str): ``'test'``, ``'valid'`` or ``'calib'``.
        ids (list of int): Which of them, from 0; None for all.
        limit (int): The first so many of these; None for all.

    Returns:
        list of Question: In that order.

    Raises:
        UserError: If there is no such example.
    """
    examples = getattr(run.data, split)
    ids = range(len(examples)) if ids is None else ids
    for i in ids:
        if not 0 <= i < len(examples):
            raise UserError(f'`ids`: there is no text {i} among the '
                            f'{len(examples):,} of split {split}', 'ids')
    return [Question(i, examples[i], examples[i].texts, split)
            for i in ids[:limit]]


def typed_examples(texts, file, n_texts):
    """What the user typed, as examples.

    Args:
        texts (list of str): Given one by one, or None.
        file (str): A file with an example a line, of two texts with a tab
            between; ``'-'`` for standard input, None for none.
        n_texts (int): Texts of an example, 1 or 2.

    Returns:
        list of list of str: Each of `n_texts`; blank lines are left out.

    Raises:
        UserError: If an example has another number of texts, or the file
            has none or is not UTF-8.
    """
    texts = texts or []
    examples = [texts[i:i + n_texts] for i in range(0, len(texts), n_texts)]
    if len(texts) % n_texts:
        examples = [texts]  # refused below, with their number
    if file:
        lines = [line for line in _read_text(file).split('\n')
                 if line.strip()]
        if not lines:
            raise UserError(f'{file} holds no text; give one a line')
        examples += [split_line(line, n_texts) for line in lines]
    for own in examples:
        if len(own) != n_texts:
            raise UserError(
                f'this model takes {n_texts} texts at a time, got '
                f'{len(own)}; give --text twice, premise first, or a '
                'tab between both in --input')
    return examples


def split_line(line, n_texts):
    """The texts of a line: where there are two, a tab is between them."""
    return line.split('\t') if n_texts > 1 else [line]


def _read_text(path):
    content = (sys.stdin.buffer.read() if path == '-'
               else pathlib.Path(path).read_bytes())
    try:
        text = content.decode('utf-8-sig')
    except UnicodeDecodeError as error:
        raise UserError(f'{path} is not UTF-8 ({error.reason} at byte '
                        f'{error.start}); save it with UTF-8 encoding'
                        ) from None
    return text.replace('\r\n', '\n').replace('\r', '\n')


def own_questions(run, examples):
    """Questions about texts of the user's own.

    Args:
        run (runs.Run): The run that is asked.
        examples (iterable of sequence): One or two texts (str) each, as many
            as the run reads.

    Returns:
        list of Question: One an example; its words are as they were typed.

    Raises:
        UserError: If a text has no word, or is none.
    """
    questions = []
    for texts in examples:
        tokens = [_tokens(run, text) for text in texts]
        questions.append(Question(
            len(questions), text_datasets.Example(tuple(tokens), -1),
            list(map(nlp_utils.surface, texts, tokens))))
    return questions


def split_question(run, split, i):
    """The question about an example of a split.

    Args:
        run (runs.Run): The run that is asked.
        split (str): ``'test'``, ``'valid'`` or ``'calib'``.
        i (int): Position in the split.

    Returns:
        Question: Its words are the tokens.

    Raises:
        UserError: If the split has no such example.
    """
    examples = getattr(run.data, split)
    if not 0 <= i < len(examples):
        raise UserError(f'there is no text {i} among the {len(examples):,} '
                        f'of split {split}, which count from 0')
    return Question(i, examples[i], examples[i].texts, split)


def edited(run, question, edits):
    """A question with words left out, or others in their place.

    Args:
        run (runs.Run): The run that is asked.
        question (Question): What was asked before.
        edits (dict): (text, word), positions as in ``words``, to what stands
            there instead (str); ``''`` where the word is left out.

    Returns:
        Question: Without split and label, as it is no example of the data;
        what stands instead is one word or several, read as ``own_questions``
        reads them.

    Raises:
        UserError: If there is no such word, or a text has none left.
    """
    tokens = [list(zip(own, shown, strict=True)) for own, shown in zip(
        question.example.texts, question.words, strict=True)]
    for text, word in edits:
        if not (0 <= text < len(tokens) and 0 <= word < len(tokens[text])):
            raise UserError(f'there is no word {word} in text {text}; both '
                            'count from 0')
    texts = [[part for i, pair in enumerate(own)
              for part in _in_place(run, pair, edits.get((side, i)))]
             for side, own in enumerate(tokens)]
    if not all(texts):
        raise UserError('no word would be left of a text; leave one')
    return Question(question.id, text_datasets.Example(
        tuple([token for token, _ in own] for own in texts), -1),
        [[word for _, word in own] for own in texts])


def _in_place(run, pair, to):
    """(token, word) pairs of what stands in place of one such pair."""
    if not to:
        return [pair] if to is None else []
    tokens = _tokens(run, to)
    return zip(tokens, nlp_utils.surface(to, tokens), strict=True)


def _tokens(run, text):
    check_text(text, 'a text to explain')
    tokens = nlp_utils.tokenize(
        text, raw=True, char_based=run.args.get('char_based', False))
    if not tokens:
        raise UserError(f'a text to explain is empty: {text!r}; give at '
                        'least one word')
    return tokens


def as_examples(texts, n_texts):
    """Texts as a caller in Python gives them, as examples.

    Args:
        texts (iterable): Strings; of a model of pairs, tuples of two.
        n_texts (int): Texts of an example, 1 or 2.

    Returns:
        list of tuple: Each of ``n_texts`` strings, at least one.

    Raises:
        UserError: If it is something else.
    """
    if isinstance(texts, (str, bytes)) or not hasattr(texts, '__iter__'):
        raise UserError(f'`texts` must be a list, got '
                        f'{reprlib.repr(texts)}; give '
                        + ('[text]' if n_texts == 1 else
                           '[(premise, hypothesis)]'), 'texts')
    examples = [(own,) if n_texts == 1 else own for own in texts]
    if not examples:
        raise UserError('`texts` is empty; give at least one text', 'texts')
    for i, own in enumerate(examples):
        if isinstance(own, str) or len(own) != n_texts or not all(
                isinstance(text, str) for text in own):
            wanted = ('a string, as this model reads single texts'
                      if n_texts == 1 else 'a tuple of two strings, premise '
                      'and hypothesis, as this model reads pairs')
            got = reprlib.repr(own[0] if n_texts == 1 else own)
            raise UserError(f'`texts`: number {i}, counted from 0, is {got}, '
                            f'but must be {wanted}', 'texts')
    return [tuple(own) for own in examples]


def check_premise(run, premise):
    """Only of a pair both texts can be scored.

    Args:
        run (runs.Run): The run that is asked.
        premise (bool): Whether both texts are to be scored.

    Raises:
        UserError: If the run reads single texts.
    """
    if premise and not run.data.pair:
        raise UserError('`premise`: this model reads single texts; leave it '
                        'out', 'premise')
