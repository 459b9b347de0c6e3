"""Sentences of the Generate tab. Each key: English, Chinese."""

STRINGS: dict[str, tuple[str, str]] = {
    "ge.generate.any": ("any, by the seed", "任意，由种子决定"),
    "ge.generate.attributes": ("What it should have", "应具备的属性"),
    "ge.generate.attributes_how": ("the rest is drawn by the seed", "其余由种子决定"),
    "ge.generate.class": ("Of which kind", "类别"),
    "ge.generate.count": ("How many", "数量"),
    "ge.generate.download": ("Download the chosen one", "下载选中的图片"),
    "ge.generate.empty": ("New pictures appear here", "新图片会显示在这里"),
    "ge.generate.empty_how": (
        "Choose a model and a seed. The same seed always draws the same picture.",
        "选择模型和种子。相同的种子总是生成相同的图片。",
    ),
    "ge.generate.model": ("Model", "模型"),
    "ge.generate.no_model": (
        "There is no generator here yet: train one in the Train tab, it takes a few minutes.",
        "这里还没有生成器：请在“训练”页训练一个，只需几分钟。",
    ),
    "ge.generate.pictures": ("Pictures", "图片"),
    "ge.generate.run": ("Generate", "生成"),
    "ge.generate.seed": ("Seed", "种子"),
    "ge.generate.shuffle": ("Another seed", "换一个种子"),
    "ge.generate.text": ("What should it show?", "想要什么样的画面？"),
    "ge.stage.generate": ("Drawing", "正在生成"),
}
