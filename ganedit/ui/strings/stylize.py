"""Sentences of the Stylize tab. Each key: English, Chinese."""

STRINGS: dict[str, tuple[str, str]] = {
    "ge.stylize.brush": ("Brush: how coarse the strokes are", "笔触粗细"),
    "ge.stylize.button": ("Paint the picture", "绘制图片"),
    "ge.stylize.fetch": ("Fetch the model (4 MB)", "获取模型（4 MB）"),
    "ge.stylize.how": (
        "Choose a painting, or give any picture of your own as the style. Not a GAN: Magenta's arbitrary style.",
        "选择一幅画，或用您自己的任意图片作为风格。非 GAN：Magenta 的任意风格网络。",
    ),
    "ge.stylize.keep_colors": ("Keep my colors", "保留原图颜色"),
    "ge.stylize.own": ("Your own style picture (optional)", "自选风格图片（可选）"),
    "ge.stylize.sheet": ("Show all styles on my picture", "在我的图片上预览所有风格"),
    "ge.stylize.strength": ("Strength", "强度"),
    "ge.stylize.styles": ("Styles", "风格"),
    "ge.stage.stylize": ("Painting", "正在绘制"),
}
