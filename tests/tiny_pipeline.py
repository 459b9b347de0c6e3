"""A pipeline of a few thousand weights, saved in just the files that the hub has for the real ones."""

import hashlib
import json
import string
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl import StableDiffusionXLPipeline
from diffusers.schedulers.scheduling_euler_ancestral_discrete import EulerAncestralDiscreteScheduler
from diffusers.schedulers.scheduling_euler_discrete import EulerDiscreteScheduler
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from ganedit.models.card import ModelCard, Source

REPOSITORY, REVISION = "someone/tiny", "0123456789abcdef0123456789abcdef01234567"
SIDE_PX = 32
LONGEST = 16  # tokens, the first and the last included

_LETTERS = string.ascii_lowercase + string.digits + string.punctuation
_ENDS = ("<|startoftext|>", "<|endoftext|>")
_NOISE: dict[str, Any] = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "timestep_spacing": "trailing",
}
_CONVOLUTIONS: dict[str, Any] = {"sample_size": SIDE_PX // 8, "block_out_channels": (8, 16), "layers_per_block": 1}
_BLOCKS: dict[str, Any] = {
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "attention_head_dim": 2,
    "norm_num_groups": 4,
}
_WIDTHS, _DEPTHS = (8, 8, 8, 8), (1, 1, 1, 1)
_TINY_VAE: dict[str, Any] = {
    "encoder_block_out_channels": _WIDTHS,
    "decoder_block_out_channels": _WIDTHS,
    "num_encoder_blocks": _DEPTHS,
    "num_decoder_blocks": _DEPTHS,
}
_VAE: dict[str, Any] = {
    "block_out_channels": _WIDTHS,
    "norm_num_groups": 4,
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
}


def save_tiny(folder: Path) -> Path:
    """Save what has the shape of SDXS: no block in the middle of the UNet, and a tiny autoencoder."""
    torch.manual_seed(0)
    parts: dict[str, Any] = {
        "vae": AutoencoderTiny(**_TINY_VAE),
        "text_encoder": CLIPTextModel(_text_config()),
        "tokenizer": _save_tokenizer(folder / "tokenizer"),
        "unet": UNet2DConditionModel(**_CONVOLUTIONS, **_BLOCKS, cross_attention_dim=16, mid_block_type=None),
        "scheduler": EulerDiscreteScheduler(**_NOISE),
        "safety_checker": None,
        "feature_extractor": None,
    }
    StableDiffusionPipeline(**parts, requires_safety_checker=False).save_pretrained(folder)
    _save_tokenizer(folder / "tokenizer")
    return folder


def save_tiny_xl(folder: Path) -> Path:
    """Save what has the shape of SDXL-Turbo: two text encoders, another scheduler, files of half precision."""
    torch.manual_seed(0)
    told: dict[str, Any] = {"addition_embed_type": "text_time", "addition_time_embed_dim": 8}
    told["projection_class_embeddings_input_dim"] = 6 * 8 + 16
    parts: dict[str, Any] = {
        "vae": AutoencoderKL(**_VAE),
        "text_encoder": CLIPTextModel(_text_config()),
        "text_encoder_2": CLIPTextModelWithProjection(_text_config(projection_dim=16)),
        "tokenizer": _save_tokenizer(folder / "tokenizer"),
        "tokenizer_2": _save_tokenizer(folder / "tokenizer_2"),
        "unet": UNet2DConditionModel(**_CONVOLUTIONS, **_BLOCKS, **told, cross_attention_dim=32),
        "scheduler": EulerAncestralDiscreteScheduler(**_NOISE),
    }
    StableDiffusionXLPipeline(**parts).to(torch.float16).save_pretrained(folder, variant="fp16")
    for name in ("tokenizer", "tokenizer_2"):
        _save_tokenizer(folder / name)
    return folder


def card_of(folder: Path, place: str | None = None) -> ModelCard:
    """Make a card as the catalogue has them: weights with their hash, texts without."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    files.sort(key=lambda name: not name.startswith("unet/diffusion"))  # the UNet's weights come first

    def source(name: str) -> Source:
        data = (folder / name).read_bytes()
        known = name.endswith(".safetensors") or place is None
        digest = hashlib.sha256(data).hexdigest() if known else ""
        return Source(f"{place or f'file:{folder}'}/{name}", digest, "diffusers", len(data) if known else None)

    first, *others = map(source, files)
    whole = Source(first.locator, first.sha256, "diffusers", first.size_bytes, tuple(others))
    return ModelCard("tiny", "generate", "StableDiffusion", (whole,), "MIT", commercial_use=True)


def _text_config(**changes: Any) -> CLIPTextConfig:
    first = 2 * len(_LETTERS)
    sizes: dict[str, Any] = {"hidden_size": 16, "intermediate_size": 16, "max_position_embeddings": LONGEST}
    depth: dict[str, Any] = {"num_hidden_layers": 2, "num_attention_heads": 2}
    ends: dict[str, Any] = {"bos_token_id": first, "eos_token_id": first + 1, "pad_token_id": first + 1}
    return CLIPTextConfig(vocab_size=first + 2, **sizes, **depth, **ends, **changes)


def _save_tokenizer(folder: Path) -> CLIPTokenizer:
    """Write a tokenizer that knows letters only, as the hub has it: vocabulary, merges, and two small files."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").unlink(missing_ok=True)
    pieces = [*_LETTERS, *(f"{letter}</w>" for letter in _LETTERS), *_ENDS]
    ends = {"bos_token": _ENDS[0], "eos_token": _ENDS[1], "unk_token": _ENDS[1], "pad_token": _ENDS[1]}
    texts = {
        "vocab.json": json.dumps({piece: number for number, piece in enumerate(pieces)}),
        "merges.txt": "#version: 0.2\n",
        "tokenizer_config.json": json.dumps({"tokenizer_class": "CLIPTokenizer", "model_max_length": LONGEST, **ends}),
        "special_tokens_map.json": json.dumps(ends),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    return CLIPTokenizer.from_pretrained(folder)
