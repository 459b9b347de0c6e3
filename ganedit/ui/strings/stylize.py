"""Sentences of the Stylize tab. Each key: English, Chinese."""

STRINGS: dict[str, tuple[str, str]] = {
    "ge.clip.button": ("Paint the clip", "绘制动画"),
    "ge.clip.missing": ("Choose a GIF or a video first.", "请先选择 GIF 或视频。"),
    "ge.clip.shown": ("The painted clip", "绘制后的动画"),
    "ge.clip.source": (
        "GIF, animated PNG or WebP, or video, up to 240 frames and full HD",
        "GIF、动态 PNG 或 WebP、视频，最多 240 帧、全高清",
    ),
    "ge.clip.title": ("A clip", "动画"),
    "ge.example.stylize.astronaut": ("Portrait", "人像"),
    "ge.example.stylize.cat": ("Cat", "猫"),
    "ge.example.stylize.cup": ("Coffee", "咖啡"),
    "ge.example.stylize.shore": ("Coast", "海岸"),
    "ge.stylize.brush": ("Brush: how coarse the strokes are", "笔触粗细"),
    "ge.stylize.button": ("Paint the picture", "绘制图片"),
    "ge.stylize.faces": ("Faces", "人脸"),
    "ge.stylize.faces_like_rest": ("Like the rest", "与其余部分相同"),
    "ge.stylize.faces_same": ("Larger, so that they keep their features", "放大绘制，保留五官"),
    "ge.stylize.fetch": ("Fetch the model for paintings (4 MB)", "获取画作风格模型（4 MB）"),
    "ge.stylize.how": (
        "The first styles were learned by a GAN. The paintings, and any picture of your own as the style, go to "
        "Magenta's arbitrary style, which is not a GAN.",
        "前几种风格由 GAN 学得。画作以及您自选的风格图片使用 Magenta 的任意风格网络（非 GAN）。",
    ),
    "ge.stylize.keep_colors": ("Keep my colors", "保留原图颜色"),
    "ge.stylize.mixed": ("Mix with", "混合"),
    "ge.stylize.own": ("Your own style picture (optional)", "自选风格图片（可选）"),
    "ge.stylize.share": ("Share of it", "所占比例"),
    "ge.stylize.sheet": ("Show all styles on my picture", "在我的图片上预览所有风格"),
    "ge.stylize.strength": ("Strength", "强度"),
    "ge.stylize.styles": ("Styles", "风格"),
    "ge.stage.faces": ("Painting faces", "正在绘制人脸"),
    "ge.stage.stylize": ("Painting", "正在绘制"),
}
