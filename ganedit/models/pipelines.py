"""Pipelines in the folder format of diffusers: from words, or words and a picture, to pixels in a single step."""

import json
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganedit.errors import BadCheckpointError
from ganedit.models.loaded import bfloat16_is_faster

_GUIDED = {
    "StableDiffusionPipeline": "StableDiffusionImg2ImgPipeline",
    "StableDiffusionXLPipeline": "StableDiffusionXLImg2ImgPipeline",
}
"""The pipelines that can be used, and what takes their networks to start from a picture."""

_LEFT_OUT = ("safety_checker", "feature_extractor", "image_encoder")
"""Parts that a folder may name: they look at finished pictures, or take pictures in a way that is not used here."""

_UNREADABLE = (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError)


class TextPipeline:
    """Draws pictures from words; each has a seed, which gives the same one, bit for bit, on the same machine.

    The models are distilled to a single step: from noise to a picture, with no guidance. Noise always comes from the
    CPU, one picture at a time. Safe to use from many threads, which wait for each other.

    Attributes:
        resolution: side of the pictures in pixels.
        multiple_of: sides of a picture to start from are multiples of this.
        condition, class_names, attributes, truncates, styles: as those of a `PictureGenerator`; it is told a text and
            nothing else, and it has no latent space to move in.
        starts_from_pictures: it can.
        bytes: size of its weights in memory.
    """

    condition = "text"
    class_names: Sequence[str] = ()
    attributes: Mapping[str, Sequence[str]] = {}
    truncates, styles = False, 0
    starts_from_pictures = True

    def __init__(self, pipeline: Any, guided: Any) -> None:
        """Take the pipeline that starts from noise and the one of the same networks that starts from a picture."""
        self._pipeline, self._guided = pipeline, guided
        self._lock = threading.Lock()  # the scheduler of a pipeline remembers where it is
        self.multiple_of = int(pipeline.vae_scale_factor)
        self.resolution = int(pipeline.unet.config.sample_size) * self.multiple_of
        networks = [part for part in pipeline.components.values() if isinstance(part, torch.nn.Module)]
        self.bytes = sum(tensor.nbytes for network in networks for tensor in network.state_dict().values())

    @classmethod
    def read(cls, folder: Path) -> "TextPipeline":
        """Read a pipeline; nothing in its folder can run, and nothing is fetched.

        Args:
            folder: has ``model_index.json`` in it. Weights are safetensors, in half precision if their names say so.

        Raises:
            BadCheckpointError: a file is missing or damaged, or names a part that is not of diffusers or transformers.
        """
        import diffusers
        import transformers
        from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler

        for library in (diffusers, transformers):
            library.utils.logging.set_verbosity_error()
            library.utils.logging.disable_progress_bar()
        device = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            name = _name_of(folder)
            pipeline: Any = getattr(diffusers, name).from_pretrained(folder, **_how_to_read(folder, device)).to(device)
            for network in (pipeline.unet, pipeline.vae):
                network.to(memory_format=torch.channels_last)  # saves a seventh of the time on a CPU
            # A single step is the same in all of Euler's schedulers, and this one can be told where to begin.
            like = pipeline.scheduler.config
            pipeline.scheduler = EulerDiscreteScheduler.from_config(like, timestep_spacing="trailing")
            guided: Any = getattr(diffusers, _GUIDED[name])(**pipeline.components)
        except _UNREADABLE as error:
            raise BadCheckpointError(
                f"{folder.name} holds no pipeline that can be used ({type(error).__name__}); remove the model and "
                "fetch it again."
            ) from error
        for each in (pipeline, guided):
            each.set_progress_bar_config(disable=True)
        return cls(pipeline, guided)

    def passed_over(self, text: str) -> str:
        """Give the end of a text that is too long for the text encoder; most often nothing."""
        tokenizer = self._pipeline.tokenizer
        pieces = tokenizer(text, add_special_tokens=False).input_ids
        return tokenizer.decode(pieces[tokenizer.model_max_length - 2 :]).strip()  # a first and a last are added

    @torch.inference_mode()
    def draw(self, text: str, seed: int, picture: Tensor | None = None, strength: float = 1.0) -> np.ndarray:
        """Draw one picture.

        Args:
            text: what it shows; the end of a long one has no influence, see `passed_over`.
            seed: of the noise.
            picture: (1, 3, H, W) float32 RGB in [0, 1] to start from, both sides multiples of ``multiple_of``.
            strength: above 0 to 1, how far into the noise ``picture`` is taken before the step back; at 1 next to
                nothing is left of it.

        Returns:
            (H, W, 3) uint8 RGB; without a picture H and W are ``resolution``.

        Raises:
            BadCheckpointError: the networks gave values that are not finite.
        """
        told: dict[str, Any] = {
            "prompt": text,
            "num_inference_steps": 1,
            "guidance_scale": 0.0,
            "generator": torch.Generator().manual_seed(seed),
            "output_type": "pt",
        }
        last = self._pipeline.scheduler.config.num_train_timesteps - 1
        with self._lock:
            if picture is None:
                drawn = self._pipeline(**told, timesteps=[last]).images
            else:
                # The strength of diffusers counts whole steps; the time of the only step says it exactly.
                drawn = self._guided(**told, timesteps=[round(last * strength)], image=picture, strength=1.0).images
        pixels = drawn[0].to("cpu", torch.float32)
        if not torch.isfinite(pixels).all():
            raise BadCheckpointError("The model gave values that are not finite; remove it and fetch it again.")
        return (pixels.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).contiguous().numpy()


def _how_to_read(folder: Path, device: str) -> dict[str, Any]:
    """Give the arguments with which diffusers reads a folder: nothing but safetensors, and nothing from elsewhere."""
    half = (folder / "unet" / "diffusion_pytorch_model.fp16.safetensors").exists()
    return {
        "dtype": torch.bfloat16 if bfloat16_is_faster(device) else torch.float32,
        "variant": "fp16" if half else None,
        "use_safetensors": True,
        "local_files_only": True,
        **dict.fromkeys(_LEFT_OUT),
    }


def _name_of(folder: Path) -> str:
    """Name the class of a pipeline, once all of its parts are known to be the libraries' own."""
    index = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
    parts = {key: part for key, part in index.items() if isinstance(part, list) and key not in _LEFT_OUT}
    if index["_class_name"] not in _GUIDED or not {part[0] for part in parts.values()} <= {"diffusers", "transformers"}:
        raise ValueError("model_index.json")
    return index["_class_name"]
