"""Writes a run folder that NLVR Workbench shows during the training.

One file, standard library only, Python 3.8 or newer. Copy it next to your training script:

    from nlvr_run import Run

    with Run("output/my-run", {"image_root": "images", "lr": 1e-4}, max_epoch=5, steps_per_epoch=100) as run:
        for epoch in range(5):
            for batch in loader:
                step += 1
                run.log(step, loss=loss.item(), lr=lr)
                if run.stop_requested:  # the user selected Stop in the editor
                    run.finish("stopped")
                    return
            run.evaluation("val", epoch, predictions)

docs/run-folder.md of NLVR Workbench describes the files and their fields. Epochs count from 0, steps from 1.

A lock prevents two programs from writing the same folder. With several processes (torchrun), the process whose
environment variable RANK is 0 writes; calls in the others do nothing.
"""

from __future__ import annotations

import atexit
import hashlib
import json
import math
import os
import re
import secrets
import socket
import sys
import threading
import time
import uuid
from datetime import datetime, timezone
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

__all__ = ["Run", "RunFolderError"]

HEARTBEAT_SECONDS = 5
# After this time without a heartbeat, a lock is ignored if its process cannot be looked up.
STALE_SECONDS = 30
DAMAGED_SECONDS = 10
WATCHED_PAIRS = 6
SPLITS = ("train", "val", "test")


class RunFolderError(RuntimeError):
    """The folder cannot be used: it already contains a run, or another program is writing to it."""


class Run:
    """A training that is shown live: run folder, lock, heartbeat, curves and predictions.

    folder: the run folder. It is created if it is missing.
    config: the configuration of the training: a dict (or an argparse.Namespace), which is written to config.yaml, or the
        path of a YAML file, which is copied. Failed Examples finds the images by image_root; relative paths start at the
        working folder.
    name: name of the run; the name of the folder by default.
    max_epoch, steps_per_epoch: used for progress and time left; 0 if unknown.
    examples: number of examples of each split, {"train": 1000, "val": 200}.
    trainer: the program, such as "PyTorch 2.13"; the name of the script by default.
    device: the device, such as "cuda:0, bf16".
    parameters: number of weights of the model.
    resume_step, resume_epoch: steps and epochs already done, to continue the run in the folder from your own checkpoint.
        Events that were logged after that step are ignored.
    overwrite: replaces the run in the folder. Without it and without resume_step such a folder is refused.
    enabled: False makes every call do nothing; by default it depends on the rank (see above).

    Use it as a context manager, so that an exception ends the run as failed, with its message. Without `with`, exceptions
    that end the script are recorded as well; a script that ends without finish() leaves a stopped run.
    """

    def __init__(
        self,
        folder: Union[str, "os.PathLike[str]"],
        config: Union[Mapping[str, Any], str, "os.PathLike[str]", Any, None] = None,
        *,
        name: Optional[str] = None,
        max_epoch: int = 0,
        steps_per_epoch: int = 0,
        examples: Optional[Mapping[str, int]] = None,
        trainer: Optional[str] = None,
        device: Optional[str] = None,
        parameters: Optional[int] = None,
        resume_step: int = 0,
        resume_epoch: int = 0,
        overwrite: bool = False,
        enabled: Optional[bool] = None,
    ) -> None:
        self.enabled = os.environ.get("RANK", "0") == "0" if enabled is None else enabled
        self.folder = os.path.abspath(os.fspath(folder))
        self._steps_per_epoch = steps_per_epoch
        self._closed = not self.enabled
        self._pid = os.getpid()
        self._epoch = _Epoch()
        self._warned = False
        self._watched: List[str] = []
        self._file = -1
        self._guard = threading.RLock()
        if not self.enabled:
            return
        os.makedirs(os.path.join(self.folder, "predictions"), exist_ok=True)
        self._lock = _Lock(self.folder)
        try:
            earlier = self._earlier(resume_step > 0, overwrite)
            if earlier is None:
                self._remove_earlier()
            _remove(self._path("stop.request"))
            text, config_file, image_root = _config_text(config, self.folder)
            self._image_root = image_root
            _replace(self._path("config.yaml"), text)
            now = _now()
            kept = earlier or {}
            best = kept.get("best")
            self._info: Dict[str, Any] = {
                "format": "nlvr-run",
                "schema": 1,
                "id": kept.get("id") or str(uuid.uuid4()),
                "name": name or kept.get("name") or os.path.basename(self.folder),
                "kind": "train",
                "trainer": trainer or _script_name(),
                "state": "running",
                "created": kept.get("created") or now,
                "started": now,
                "ended": None,
                **_owner(),
                "heartbeat": now,
                "heartbeatEvery": HEARTBEAT_SECONDS,
                "configFile": config_file,
                "configHash": hashlib.sha256(text.encode("utf-8")).hexdigest(),
                "device": device,
                "epoch": resume_epoch,
                "maxEpoch": max_epoch,
                "step": resume_step,
                "totalSteps": max_epoch * steps_per_epoch,
                "best": best if isinstance(best, dict) and best.get("step", 0) <= resume_step else None,
                "message": None,
                "hint": None,
            }
            self._file = _open_lines(self._path("events.jsonl"))
            self._save()
            self._event(
                "start",
                v=1,
                resumed=earlier is not None,
                step=resume_step,
                epoch=resume_epoch,
                maxEpoch=max_epoch,
                stepsPerEpoch=steps_per_epoch,
                totalSteps=max_epoch * steps_per_epoch,
                examples=dict(examples or {}),
                **{key: value for key, value in {"device": device, "parameters": parameters}.items() if value is not None},
            )
        except BaseException:
            self._lock.release()
            raise
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="nlvr-heartbeat", daemon=True)
        self._thread.start()
        _running.append(self)

    # Methods for the training.

    def log(
        self,
        step: int,
        loss: float,
        lr: float,
        *,
        epoch: Optional[int] = None,
        accuracy: Optional[float] = None,
        grad_norm: Optional[float] = None,
        speed: Optional[float] = None,
        memory: Optional[int] = None,
    ) -> None:
        """Logs an optimizer step: a point of the curves. A loss that is not finite is a gap.

        step: from 1, over the whole run. epoch: computed from steps_per_epoch by default. accuracy: of the batch,
        0..1. speed: examples per second. memory: bytes.
        """
        if self._idle():
            return
        if epoch is None:
            epoch = (step - 1) // self._steps_per_epoch if self._steps_per_epoch else self._info["epoch"]
        optional = {
            "accuracy": _number(accuracy),
            "gradNorm": _number(grad_norm),
            "speed": _number(speed),
            "memory": _number(memory),
        }
        with self._guard:
            if epoch != self._epoch.number:
                self._end_epoch()
                self._epoch = _Epoch(epoch)
            self._epoch.add(step, _number(loss), _number(lr), _number(accuracy))
            self._info.update(step=step, epoch=epoch)
            self._event(
                "step",
                step=step,
                epoch=epoch,
                loss=_number(loss),
                lr=_number(lr) or 0,
                **{key: value for key, value in optional.items() if value is not None},
            )

    def evaluation(
        self,
        split: str,
        epoch: Optional[int],
        predictions: Iterable[Mapping[str, Any]],
        *,
        seconds: float = 0,
    ) -> Dict[str, Optional[float]]:
        """Logs the predictions for all examples of a split after an epoch, which Failed Examples then shows.

        predictions: for each example in annotation order a dict with
            identifier  of the annotation, such as NLVR2's "dev-850-0-0": consistency is computed from it
            sentence    the text
            images      left and right, relative to image_root (or absolute paths in it)
            label       True, False, or None without a label
            and one or more of `logits` (of False and of True), `prob_true` (0..1), `prediction` (True or False)
            group       kind of example, by which accuracy is reported; optional
        epoch: from 0; None for a stand-alone evaluation.

        Returns accuracy, consistency and loss; None if they are not defined.
        """
        if split not in SPLITS:
            raise ValueError(f"split is {split!r}; expected one of {', '.join(SPLITS)}")
        rows = [self._row(split, index, each) for index, each in enumerate(predictions)]
        measured = _measure(rows)
        result = {key: measured[key] for key in ("accuracy", "consistency", "loss")}
        if self._idle():
            return result
        name = f"{split}.jsonl" if epoch is None else f"{split}-epoch-{epoch:03d}.jsonl"
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        with self._guard:
            self._end_epoch()
            self._guarded(lambda: _replace(self._path("predictions", name), text))
            step = self._info["step"]
            unusable = measured.pop("unusable")
            if unusable:
                self.note(
                    "error",
                    f"{unusable} of {len(rows)} answers on {split} are not finite numbers; no accuracy is reported.",
                    code="not-finite-answers",
                )
            self._event(
                "eval",
                split=split,
                epoch=epoch,
                step=step,
                **measured,
                examples=len(rows),
                seconds=seconds,
                predictions=f"predictions/{name}",
            )
            if split == "val" and epoch is not None:
                self._watch(epoch, rows)
            self._keep_best(split, epoch, measured)
            self._guarded(self._save)
        return result

    def note(self, level: str, message: str, *, hint: Optional[str] = None, code: str = "note") -> None:
        """Shows a message to the user: level is info, warning or error. The last note of each code is shown."""
        if self._idle():
            return
        more = {} if hint is None else {"hint": hint}
        self._event("note", level=level, code=code, message=message, step=self._info["step"], **more)

    @property
    def stop_requested(self) -> bool:
        """Whether a stop was requested (in the editor, or by a file `stop.request`). Check it after each step."""
        return not self._idle() and os.path.exists(self._path("stop.request"))

    def finish(self, state: str = "finished", message: Optional[str] = None) -> None:
        """Ends the run as finished, stopped or failed, with a message. Further calls do nothing."""
        if state not in ("finished", "stopped", "failed"):
            raise ValueError(f"state is {state!r}; expected finished, stopped or failed")
        if self._idle():
            return
        with self._guard:
            if self._closed:
                return
            self._end_epoch()
            self._info.update(state=state, ended=_now(), message=message)
            said = {} if message is None else {"message": message}
            self._event("end", state=state, step=self._info["step"], epoch=self._info["epoch"], **said)
            self._closed = True
            self._guarded(self._save)
            os.close(self._file)
        self._stopping.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()
        _remove(self._path("stop.request"))
        self._lock.release()
        _running.remove(self)

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        self._end_by(error)

    # Implementation.

    def _idle(self) -> bool:
        """Whether calls do nothing: after the end, and in forked processes (a loader's worker)."""
        return self._closed or os.getpid() != self._pid

    def _path(self, *names: str) -> str:
        return os.path.join(self.folder, *names)

    def _earlier(self, resumes: bool, overwrite: bool) -> Optional[Dict[str, Any]]:
        """The existing run to continue; None for a new one."""
        try:
            with open(self._path("run.json"), encoding="utf-8") as file:
                found = json.load(file)
        except FileNotFoundError:
            return None
        except ValueError:
            found = {"name": "a damaged run.json"}
        if overwrite:
            return None
        if resumes and isinstance(found, dict):
            return found
        label = f"{found.get('name')}, {found.get('state')}" if isinstance(found, dict) else "not of this kind"
        raise RunFolderError(
            f"{self.folder} already contains a run ({label}). It was not changed. Choose another folder, replace it with "
            "overwrite=True, or continue it with resume_step=…"
        )

    def _remove_earlier(self) -> None:
        for name in ("run.json", "config.yaml", "events.jsonl", "log.txt", "metrics.json", "problems.json"):
            _remove(self._path(name))
        folder = self._path("predictions")
        for name in os.listdir(folder):
            if re.match(r"^(train|val|test)(-epoch-\d+)?\.jsonl$", name):
                _remove(os.path.join(folder, name))

    def _row(self, split: str, index: int, given: Mapping[str, Any]) -> Dict[str, Any]:
        where = f"prediction {index} of {split}"
        for key in ("identifier", "sentence", "images"):
            if key not in given:
                raise ValueError(f"{where} has no {key!r}")
        images = [os.fspath(image) for image in given["images"]]
        if len(images) != 2:
            raise ValueError(f"{where} has {len(images)} images; expected two, left and right")
        row: Dict[str, Any] = {
            "identifier": str(given["identifier"]),
            "index": index,
            "split": split,
            "sentence": str(given["sentence"]),
            "images": [self._relative(image) for image in images],
            "label": _truth(given.get("label"), where, "label"),
        }
        logits = given.get("logits")
        probability = given.get("prob_true")
        said = _truth(given.get("prediction"), where, "prediction")
        if logits is not None:
            values = [float(value) for value in logits]
            if len(values) != 2:
                raise ValueError(f"{where} has {len(values)} logits; expected two, of False and of True")
            row["logits"] = [_number(value) for value in values]
            probability = _sigmoid(values[1] - values[0]) if probability is None else probability
            said = values[1] > values[0] if said is None else said
        if probability is not None:
            row["prob_true"] = _number(probability)
            said = float(probability) > 0.5 if said is None else said
        if said is None:
            raise ValueError(f"{where} has none of 'logits', 'prob_true' and 'prediction'")
        row["prediction"] = said
        if given.get("group"):
            row["group"] = str(given["group"])
        return row

    def _relative(self, image: str) -> str:
        root = getattr(self, "_image_root", None)
        if root is not None and os.path.isabs(image):
            inside = os.path.relpath(image, root)
            if not inside.startswith(os.pardir):
                image = inside
        return image.replace(os.sep, "/")

    def _watch(self, epoch: int, rows: Sequence[Mapping[str, Any]]) -> None:
        """Logs the same few examples after each epoch, for the dashboard."""
        by_name = {row["identifier"]: row for row in rows if row.get("prob_true") is not None}
        if not self._watched:
            names = list(by_name)
            spread = max(1, len(names) // WATCHED_PAIRS)
            self._watched = names[::spread][:WATCHED_PAIRS]
        pairs = [by_name[name] for name in self._watched if name in by_name]
        if pairs:
            keys = ("identifier", "index", "sentence", "images", "label")
            self._event(
                "watch",
                epoch=epoch,
                pairs=[{**{key: row[key] for key in keys}, "probTrue": row["prob_true"]} for row in pairs],
            )

    def _keep_best(self, split: str, epoch: Optional[int], measured: Mapping[str, Any]) -> None:
        if epoch is None or measured["accuracy"] is None:
            return
        best = self._info["best"]
        if split == "val" and (best is None or measured["accuracy"] > best["accuracy"]):
            self._info["best"] = {
                "epoch": epoch,
                "step": self._info["step"],
                "accuracy": measured["accuracy"],
                "consistency": measured["consistency"],
                "testAccuracy": None,
            }
        elif split == "test" and best is not None and best["epoch"] == epoch:
            best["testAccuracy"] = measured["accuracy"]

    def _end_epoch(self) -> None:
        """Logs the mean values of the epoch's steps, if there are any."""
        done, self._epoch = self._epoch, _Epoch(self._epoch.number)
        if done.number is None or done.steps == 0:
            return
        self._event(
            "epoch",
            epoch=done.number,
            step=done.last,
            loss=done.mean(done.loss),
            accuracy=done.mean(done.accuracy) if done.accuracy else None,
            lr=done.lr or 0,
            seconds=time.time() - done.began,
        )

    def _event(self, kind: str, **fields: Any) -> None:
        line = json.dumps({"type": kind, "time": time.time(), **fields}, ensure_ascii=False, allow_nan=False)
        with self._guard:
            if not self._closed:
                self._guarded(lambda: _write_all(self._file, line + "\n"))

    def _save(self) -> None:
        self._info["heartbeat"] = _now()
        _replace(self._path("run.json"), json.dumps(self._info, indent=2, ensure_ascii=False) + "\n")

    def _beat(self) -> None:
        while not self._stopping.wait(HEARTBEAT_SECONDS):
            with self._guard:
                if not self._closed:
                    self._guarded(self._renew)

    def _renew(self) -> None:
        if self._lock.renew():
            self._save()
            return
        # Another program has taken over the run (for example because this one was suspended).
        self._closed = True
        print(f"nlvr_run: {self.folder} was taken over by another program; nothing more is written.", file=sys.stderr)

    def _guarded(self, write: Any) -> None:
        """Runs a write. An error (such as a full disk) never ends a training; it is reported once."""
        try:
            write()
        except OSError as error:
            if not self._warned:
                print(f"nlvr_run: {self.folder} cannot be written to: {error}", file=sys.stderr)
            self._warned = True

    def _end_by(self, error: Optional[BaseException]) -> None:
        if error is None:
            self.finish()
        elif isinstance(error, KeyboardInterrupt):
            self.finish("stopped", "Interrupted by the keyboard.")
        elif isinstance(error, SystemExit) and error.code in (None, 0):
            self.finish()
        else:
            text = str(error)
            self.finish("failed", f"{type(error).__name__}: {text}" if text else type(error).__name__)


class _Epoch:
    """Sums over the steps of an epoch."""

    def __init__(self, number: Optional[int] = None) -> None:
        self.number = number
        self.began = time.time()
        self.steps = 0
        self.last = 0
        self.lr: Optional[float] = None
        self.loss: List[Optional[float]] = []
        self.accuracy: List[Optional[float]] = []

    def add(self, step: int, loss: Optional[float], lr: Optional[float], accuracy: Optional[float]) -> None:
        self.steps += 1
        self.last = step
        self.lr = lr
        self.loss.append(loss)
        if accuracy is not None:
            self.accuracy.append(accuracy)

    @staticmethod
    def mean(values: Sequence[Optional[float]]) -> Optional[float]:
        known = [value for value in values if value is not None]
        # If the loss of any step is not finite, there is no mean.
        return sum(known) / len(known) if known and len(known) == len(values) else None


# Metrics, as defined by NLVR2's official scripts.


def _measure(rows: Sequence[Mapping[str, Any]]) -> Dict[str, Any]:
    """Accuracy, consistency, loss and accuracy by group, over the labeled examples."""
    unusable = sum(
        None in row.get("logits", ()) or ("prob_true" in row and row["prob_true"] is None) for row in rows
    )
    labeled = [row for row in rows if row["label"] is not None]
    groups: Dict[str, List[bool]] = {}
    sentences: Dict[str, bool] = {}
    losses: List[Optional[float]] = []
    for row in labeled:
        right = row["prediction"] == row["label"]
        losses.append(_cross_entropy(row))
        group = _sentence_of(row["identifier"])
        if group is not None:
            sentences[group] = sentences.get(group, True) and right
        if "group" in row:
            groups.setdefault(row["group"], []).append(right)
    defined = bool(labeled) and not unusable
    known = [loss for loss in losses if loss is not None]
    return {
        "unusable": unusable,
        "accuracy": sum(row["prediction"] == row["label"] for row in labeled) / len(labeled) if defined else None,
        "consistency": sum(sentences.values()) / len(sentences) if defined and sentences else None,
        "loss": sum(known) / len(known) if defined and len(known) == len(losses) else None,
        "groups": [
            {"name": name, "examples": len(right), "accuracy": sum(right) / len(right)}
            for name, right in (groups.items() if defined else ())
        ],
    }


def _sentence_of(identifier: str) -> Optional[str]:
    """The key shared by examples of one sentence: NLVR2's identifier without its pair, NLVR's first number."""
    found = re.match(r"^([A-Za-z0-9_]+)-(\d+)-\d+-(\d+)$", identifier)
    if found:
        return f"{found[1]}-{found[2]}--{found[3]}"
    contrast = re.match(r"^([A-Za-z0-9_]+-\d+-\d+-\d+)-\d+$", identifier)
    if contrast:
        return contrast[1]
    nlvr1 = re.match(r"^(\d+)-\d+-[0-5]$", identifier)
    return nlvr1[1] if nlvr1 else None


def _cross_entropy(row: Mapping[str, Any]) -> Optional[float]:
    if "logits" in row and None not in row["logits"]:
        false, true = row["logits"]
        margin = false - true if row["label"] else true - false
        return max(margin, 0.0) + math.log1p(math.exp(-abs(margin)))
    probability = row.get("prob_true")
    if probability is None:
        return None
    own = probability if row["label"] else 1 - probability
    return -math.log(max(own, sys.float_info.min))


def _sigmoid(value: float) -> float:
    if value >= 0:
        return 1 / (1 + math.exp(-value))
    grown = math.exp(value)
    return grown / (1 + grown)


def _number(value: Any) -> Optional[float]:
    """Converts a value (also a tensor item) to a finite number; None if it is not finite."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


_truths = {"true": True, "false": False, "1": True, "0": False}


def _truth(value: Any, where: str, key: str) -> Optional[bool]:
    if value is None or isinstance(value, bool):
        return value
    truth = _truths.get(str(value).lower())
    if truth is None:
        raise ValueError(f"{where}: {key} is {value!r}; expected True or False")
    return truth


# Files.


def _script_name() -> str:
    name = os.path.basename(sys.argv[0] or "")
    return "Python" if name in ("", "-", "-c") else name


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _remove(path: str) -> None:
    try:
        os.remove(path)
    except FileNotFoundError:
        pass


def _replace(path: str, text: str) -> None:
    """Replaces a file atomically."""
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        _remove(temporary)
        raise


def _open_lines(path: str) -> int:
    """Opens a file to append lines. Terminates an incomplete line of a killed program first."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
    size = os.lseek(fd, 0, os.SEEK_END)
    if size > 0:
        os.lseek(fd, size - 1, os.SEEK_SET)
        if os.read(fd, 1) != b"\n":
            _write_all(fd, "\n")
    return fd


def _write_all(fd: int, text: str) -> None:
    left = text.encode("utf-8")
    while left:
        left = left[os.write(fd, left) :]


def _config_text(config: Any, folder: str) -> Tuple[str, str, Optional[str]]:
    """Returns the text of config.yaml, its source file ("" for none), and the absolute image root."""
    if isinstance(config, (str, os.PathLike)):
        file = os.path.abspath(os.fspath(config))
        with open(file, encoding="utf-8") as source:
            text = source.read()
        found = re.search(r"""^image_root:\s*(?:'([^'\n]*)'|"([^"\n]*)"|([^#\s'"][^#\n]*?))\s*(?:#.*)?$""", text, re.M)
        named = next((group for group in found.groups() if group), None) if found else None
        root = None if named is None else os.path.join(os.path.dirname(file), os.path.expanduser(named))
        return text, file, root and os.path.normpath(root)
    values = dict(config if isinstance(config, Mapping) else vars(config) if config is not None else {})
    for key in ("image_root", "ann_root"):
        if isinstance(values.get(key), (str, os.PathLike)) and os.fspath(values[key]):
            values[key] = os.path.abspath(os.path.expanduser(os.fspath(values[key])))
    values["output_dir"] = folder
    lines = (f"{_yaml_key(str(key))}: {_yaml_value(value)}\n" for key, value in values.items())
    return "".join(lines), "", values.get("image_root")


def _yaml_key(key: str) -> str:
    return key if re.match(r"^[A-Za-z_][\w.-]*$", key) else json.dumps(key, ensure_ascii=False)


def _yaml_value(value: Any) -> str:
    """Writes YAML as JSON, except for numbers that JSON does not have."""
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(str(k))}: {_yaml_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple, set)):
        return "[" + ", ".join(_yaml_value(each) for each in value) + "]"
    plain = value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
    return json.dumps(plain, ensure_ascii=False)


# Identity of the process, so that other programs can check whether it is alive.


def _read_text(path: str) -> Optional[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None


def _process_start(pid: int) -> Optional[str]:
    """Start time of a process, in clock ticks since boot; None if it does not exist or the system does not provide it."""
    stat = _read_text(f"/proc/{pid}/stat")
    if stat is None:
        return None
    fields = stat[stat.rindex(")") + 2 :].split()
    return None if fields[0] in "ZX" else fields[19]


def _owner() -> Dict[str, Any]:
    try:
        namespace: Optional[str] = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = None
    boot = _read_text("/proc/sys/kernel/random/boot_id")
    pid = os.getpid()
    return {
        "host": socket.gethostname(),
        "boot": (boot or "").strip() or None,
        "pidNamespace": namespace,
        "pid": pid,
        "processStart": _process_start(pid),
    }


class _Lock:
    """run.lock, compatible with NLVR Workbench's own trainer: only one program writes a folder."""

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, "run.lock")
        self._token = str(uuid.uuid4())
        self._owner = _owner()
        for _ in range(100):
            if self._place(self._path):
                return
            text = _read_text(self._path)
            if text is None:
                continue
            found = _parse_lock(text)
            if found is None and _age_of_file(self._path) < DAMAGED_SECONDS:
                time.sleep(0.02)  # it is being written
                continue
            if found is not None and self._lives(found):
                raise RunFolderError(
                    f"{folder} is being written to by process {found.get('pid')} on {found.get('host')}. It was not "
                    "changed. Wait for it, stop it, or choose another folder."
                )
            self._remove_stale(text)
        raise RunFolderError(f"{folder} is being taken over by another program. It was not changed.")

    def renew(self) -> bool:
        """Renews the lock in place and with the same length, so that a lock that another program took is not replaced.

        Returns whether the lock is still this program's.
        """
        try:
            fd = os.open(self._path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        except FileNotFoundError:
            return self._place(self._path)  # it was removed manually
        try:
            text = os.read(fd, 65536).decode("utf-8", "replace")
            if text == "":
                return True  # it is being written
            found = _parse_lock(text)
            if found is None or found.get("token") != self._token:
                return False
            os.lseek(fd, 0, os.SEEK_SET)
            _write_all(fd, self._text())
            return True
        finally:
            os.close(fd)

    def release(self) -> None:
        found = _parse_lock(_read_text(self._path) or "")
        if found is not None and found.get("token") == self._token:
            _remove(self._path)

    def _text(self) -> str:
        return json.dumps({**self._owner, "token": self._token, "heartbeat": _now()}) + "\n"

    def _place(self, path: str) -> bool:
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
        except FileExistsError:
            return False
        try:
            _write_all(fd, self._text())
        finally:
            os.close(fd)
        return True

    def _lives(self, owner: Mapping[str, Any]) -> bool:
        comparable = owner.get("boot") is not None and owner.get("processStart") is not None
        here = all(owner.get(key) == self._owner[key] for key in ("boot", "pidNamespace"))
        if comparable and here:
            return _process_start(int(owner["pid"])) == owner["processStart"]
        try:
            beat = datetime.strptime(str(owner.get("heartbeat")), "%Y-%m-%dT%H:%M:%S.%fZ")
        except ValueError:
            return _age_of_file(self._path) < STALE_SECONDS
        return abs(time.time() - beat.replace(tzinfo=timezone.utc).timestamp()) < STALE_SECONDS

    def _remove_stale(self, text: str) -> None:
        """Removes a lock. Checking and removing are two steps, so only the holder of the claim to this lock removes it."""
        found = _parse_lock(text)
        identity = str(found.get("token") or text) if found else text
        digest = hashlib.sha256(identity.encode("utf-8")).hexdigest()[:12]
        claims: List[str] = []
        while True:
            claim = os.path.join(os.path.dirname(self._path), f".run.lock.{digest}.{len(claims)}")
            claims.append(claim)
            if self._place(claim):
                break
            rival = _parse_lock(_read_text(claim) or "")
            if rival is None or self._lives(rival):
                time.sleep(0.02)
                return
        try:
            if _read_text(self._path) == text:
                _remove(self._path)
        finally:
            for claim in claims:
                _remove(claim)


def _parse_lock(text: str) -> Optional[Dict[str, Any]]:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("pid"), int) else None


def _age_of_file(path: str) -> float:
    try:
        return abs(time.time() - os.stat(path).st_mtime)
    except OSError:
        return 0.0


# Ends runs when the script ends, or by an exception outside of `with`.

_running: List[Run] = []
_raised: List[BaseException] = []
_hook = sys.excepthook


def _remember(kind: Any, error: BaseException, trace: Any) -> None:
    _raised.append(error)
    _hook(kind, error, trace)


def _at_exit() -> None:
    for run in list(_running):
        if _raised:
            run._end_by(_raised[-1])
        else:
            run.finish("stopped", "The script ended without calling finish().")


sys.excepthook = _remember
atexit.register(_at_exit)
