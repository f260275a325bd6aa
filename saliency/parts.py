"""The parts of a record, built from arrays; ``saliency.records`` reads them.

All are dicts that JSON can hold, and keep the order of docs/output.md.
"""
import numpy as np

from saliency.records import ERROR, VERSION

DECIMALS = 5


def rounded(values, decimals=DECIMALS):
    """Rounds numbers in float64, so that they are short in JSON.

    Args:
        values (array_like): Real numbers of any shape.
        decimals (int): Decimals to keep.

    Returns:
        float or list: One float, or nested lists of them.
    """
    return np.round(np.asarray(values, np.float64), decimals).tolist()


def softmax_part(label, probabilities, calibrated=None, temperature=None,
                 decimals=DECIMALS):
    """Builds what a record says under ``softmax``.

    Args:
        label (int): The class predicted.
        probabilities (ndarray): Floats (C,) in [0, 1], softmax of the logits.
        calibrated (ndarray): Floats (C,) in [0, 1], softmax of the logits at
            the temperature; None leaves out ``confidence``,
            ``calibrated_confidence`` and ``temperature``.
        temperature (float): T > 0, used only with ``calibrated``.
        decimals (int): Decimals of all numbers.

    Returns:
        dict: ``label`` (int), ``probabilities`` (C floats) and, with
        ``calibrated``, three floats: ``confidence`` and
        ``calibrated_confidence``, the label's probability before and after
        temperature scaling, and ``temperature``.
    """
    part = {'label': int(label),
            'probabilities': rounded(probabilities, decimals)}
    if calibrated is not None:
        part['confidence'] = rounded(probabilities[label], decimals)
        part['calibrated_confidence'] = rounded(calibrated[label], decimals)
        part['temperature'] = rounded(temperature, decimals)
    return part


def dknn_part(prediction, i, members, decimals=DECIMALS):
    """Builds what a record says under ``dknn``.

    Args:
        prediction (dknn.Prediction): Of B texts; its ``label`` (B,),
            ``conformity`` (B, C), ``p_values`` (B, C), ``credibility`` (B,)
            and ``confidence`` (B,) are read.
        i (int): Which of the texts, in [0, B).
        members (ndarray): bool (C,), the labels in the prediction set of text
            i at the error ``ERROR``.
        decimals (int): Decimals of all numbers.

    Returns:
        dict: ``label`` (int), ``conformity`` and ``p_values`` (C floats),
        ``credibility`` and ``confidence`` (floats), ``prediction_set``
        (labels, ascending) and ``error`` (float).
    """
    return {'label': int(prediction.label[i]),
            'conformity': rounded(prediction.conformity[i], decimals),
            'p_values': rounded(prediction.p_values[i], decimals),
            'credibility': rounded(prediction.credibility[i], decimals),
            'confidence': rounded(prediction.confidence[i], decimals),
            'prediction_set': np.flatnonzero(members).tolist(),
            'error': ERROR}


def prediction_record(question, run, known, softmax, dknn, soft=None,
                      index=None):
    """A record without what explains the prediction.

    Args:
        question (saliency.explainer.Question): What was asked.
        run (runs.Run): Who was asked.
        known (list of ndarray): For each text bools (L_i - 1,), whether the
            network knows the word.
        softmax (dict): What ``softmax_part`` built.
        dknn (dict): What ``dknn_part`` built.
        soft (dict): The same of the soft prediction; None leaves it out.
        index (str): Likewise, what finds the neighbours.

    Returns:
        dict: ``version`` to ``dknn``, and perhaps ``soft``; ``source`` of
        an example of a user's own data.
    """
    label = question.example.label
    return {'version': VERSION, 'id': question.id, 'split': question.split,
            **run.data.source_of(question.split, question.id),
            'dataset': run.args['dataset'], 'model': run.args['model'],
            'label_names': list(run.data.label_names),
            'gold': None if label < 0 else label,
            'words': [list(text) for text in question.words],
            'known': [values.tolist() for values in known],
            'softmax': softmax, 'dknn': dknn,
            **({'soft': soft} if soft else {}),
            **({'index': index} if index else {})}


def method_part(target, sides, extra, decimals=DECIMALS):
    """An entry of ``methods``.

    Args:
        target (int): The class explained.
        sides (list): For each text its scores, floats (L_i - 1,), or None.
        extra (dict): Name to a number that the method says besides.
        decimals (int): Of the scores.

    Returns:
        dict: ``target``, ``scores`` and the names of `extra`.
    """
    return {'target': int(target),
            'scores': [None if side is None else rounded(side, decimals)
                       for side in sides],
            **{name: rounded(value) for name, value in extra.items()}}


def neighbor_part(layer, labels, indices, distances, n_class, texts,
                  sources=None):
    """An entry of ``neighbors``: votes and nearest training texts.

    Args:
        layer (str): Name of the layer.
        labels (ndarray): Integers (k,), labels of the neighbours.
        indices (ndarray): Integers (k,), nearest first.
        distances (ndarray): Floats (k,), theirs.
        n_class (int): C.
        texts (list of tuple): The texts of the first few, each a tuple of
            one or two tuples of tokens.
        sources (list of dict): What ``Dataset.source_of`` says of each of
            them; None for nothing.

    Returns:
        dict: ``layer``, ``votes`` (C) and ``nearest``, as many as `texts`.
    """
    shown = slice(len(texts))
    return {
        'layer': layer, 'votes': _votes(labels, n_class),
        'nearest': [
            {'index': int(index), 'label': int(label), 'distance': distance,
             'texts': [' '.join(tokens) for tokens in text], **source}
            for index, label, distance, text, source in zip(
                indices[shown], labels[shown], rounded(distances[shown]),
                texts, sources or [{}] * len(texts), strict=True)]}


def add_shares(part, weight, shares):
    """Adds what the layer and its nearest texts weigh in soft conformity.

    Args:
        part (dict): What ``neighbor_part`` built.
        weight (float): w_l of the layer.
        shares (ndarray): Floats (k,) in [0, 1], the neighbours' shares of
            the layer's kernel sums, nearest first.
    """
    part['weight'] = rounded(weight)
    for near, share in zip(part['nearest'], rounded(shares), strict=False):
        near['share'] = share


def removal_part(side, word, layers, changes, labels, n_class):
    """What a record says under ``removed``.

    Args:
        side (int): Which text of the example.
        word (int): Which of its words was left out.
        layers (list of str): Names of the layers searched.
        changes (list of saliency.attribution.NeighborChange): One a layer.
        labels (ndarray): Integers (N,), labels of the training examples.
        n_class (int): C.

    Returns:
        dict: ``text``, ``word`` and ``layers``.
    """
    return {'text': side, 'word': word, 'layers': [
        {'layer': layer,
         'left': change.left.tolist(),
         'left_votes': _votes(labels[change.left], n_class),
         'came': change.came.tolist(),
         'came_votes': _votes(labels[change.came], n_class)}
        for layer, change in zip(layers, changes, strict=True)]}


def reduction_part(method, side, removed, probability, credibility):
    """What a record says under ``reduction``.

    Args:
        method (str): Whose scores chose the words.
        side (int): Which text of the example was reduced.
        removed (list of int): Positions of the words, in order of removal.
        probability (ndarray): Floats (len(removed) + 1,), softmax of the
            class predicted for the whole text, of that and each shorter one.
        credibility (ndarray): Floats of the same shape.

    Returns:
        dict: ``method``, ``text``, ``removed``, ``confidence`` and
        ``credibility``.
    """
    return {'method': method, 'text': side, 'removed': removed,
            'confidence': rounded(probability),
            'credibility': rounded(credibility)}


def _votes(labels, n_class):
    return np.bincount(labels, minlength=n_class).tolist()
