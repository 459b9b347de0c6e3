"""Every sentence of the page, in English and Chinese: one table.

Labels are translated in the browser (``label``). HTML made on the server carries both languages and the style sheet
shows the one of the page (``both``), so a switch of language needs no round trip.
"""

import html
from typing import Any

import gradio as gr
from gradio.i18n import I18nData

# Keys start with "ge." because gradio's own sections ("image", "common", ...) would swallow plain ones.
STRINGS: dict[str, tuple[str, str]] = {
    # the page
    "ge.app.dark": ("Light or dark", "浅色或深色"),
    "ge.app.language": ("中文", "English"),
    "ge.app.tagline": (
        "Sharper, larger, cleaner pictures. On your own machine.",
        "让照片更清晰、更大、更干净——全在本机完成。",
    ),
    "ge.tab.enhance": ("Enhance", "增强"),
    "ge.tab.models": ("Models", "模型"),
    # errors
    "ge.error.expired": (
        "This picture is no longer on the server; please choose it again.",
        "服务器上已没有这张图片，请重新选择。",
    ),
    "ge.error.no_picture": ("Choose a picture first.", "请先选择一张图片。"),
    "ge.error.ours": (
        "Something went wrong on our side; your picture is still here, please try again.",
        "程序出了点问题；您的图片还在，请再试一次。",
    ),
    "ge.error.result_expired": (
        "This result is no longer in memory; please run it again.",
        "此结果已不在内存中，请重新运行。",
    ),
    # picture in
    "ge.input.change": ("Choose another picture", "换一张图片"),
    "ge.input.clean": ("looks clean", "画质良好"),
    "ge.input.damaged": ("looks noisy or compressed", "有噪点或压缩痕迹"),
    "ge.input.drop": ("Drop, paste or click to choose a picture", "拖放、粘贴或点击选择图片"),
    "ge.input.examples": ("Or try one of these", "或者试试这些图片"),
    "ge.example.astronaut": ("Portrait, JPEG damage", "人像，JPEG 压缩"),
    "ge.example.cat": ("Cat, clean and small", "猫，清晰小图"),
    "ge.example.coffee": ("Coffee, blurred and noisy", "咖啡，模糊有噪点"),
    "ge.example.rocket": ("Rocket, dark and noisy", "火箭，偏暗有噪点"),
    # model
    "ge.model.guard": ("Keep the colors of the original", "保持原图色彩"),
    "ge.model.guard_info": (
        "Broad tones follow your picture; only detail is new.",
        "整体色调跟随原图，只补充细节。",
    ),
    "ge.model.label": ("Model", "模型"),
    "ge.model.none": ("none (resize only)", "无（仅缩放）"),
    "ge.model.denoise": ("Noise removal", "去噪强度"),
    # hints: what suits this input
    "ge.hint.clean": (
        "This picture looks clean. For a larger, crisp look use <b>{best}</b>; to stay closest to the original use "
        "<b>none</b> or <b>{fast}</b>.",
        "这张图片画质良好。想要更清晰的放大效果可用 <b>{best}</b>；想最忠于原图可用 <b>none</b> 或 <b>{fast}</b>。",
    ),
    "ge.hint.damaged": (
        "This picture looks noisy or compressed. <b>{best}</b> cleans it while it enlarges; <b>{fast}</b> is the quick "
        "draft.",
        "这张图片有噪点或压缩痕迹。<b>{best}</b> 会在放大的同时清理画面；<b>{fast}</b> 适合快速预览。",
    ),
    "ge.hint.fetch": (
        "<b>{id}</b> is not here yet: fetch it in the Models tab.",
        "<b>{id}</b> 尚未下载，请先到“模型”页获取。",
    ),
    "ge.hint.license": (
        "The licence of <b>{id}</b> does not allow commercial use.",
        "<b>{id}</b> 的许可证不允许商业使用。",
    ),
    "ge.hint.none": (
        "No network: smooth enlargement, nothing is invented.",
        "不使用网络：平滑放大，不会凭空生成任何内容。",
    ),
    "ge.hint.start": ("Choose a picture and we say which model suits it.", "选择图片后，会提示合适的模型。"),
    # size
    "ge.scale.custom": ("Size", "尺寸"),
    "ge.scale.height": ("Height, px", "高度（像素）"),
    "ge.scale.label": ("Enlarge", "放大"),
    "ge.scale.width": ("Width, px", "宽度（像素）"),
    # light and color
    "ge.tone.brightness": ("Brightness", "亮度"),
    "ge.tone.contrast": ("Contrast", "对比度"),
    "ge.tone.gamma": ("Gamma", "伽马"),
    "ge.tone.pick": ("Click a spot in the picture that should be gray.", "在图片中点击一处应为灰色的位置。"),
    "ge.tone.reset": ("Reset", "重置"),
    "ge.tone.saturation": ("Saturation", "饱和度"),
    "ge.tone.sharpness": ("Sharpness", "锐度"),
    "ge.tone.title": ("Light & color", "光线与色彩"),
    "ge.tone.wb": ("White balance", "白平衡"),
    "ge.tone.wb_gray": ("Automatic", "自动"),
    "ge.tone.wb_none": ("As it is", "保持原样"),
    "ge.tone.wb_pick": ("Pick a spot", "取色"),
    # file
    "ge.file.depth": ("Bits per channel", "每通道位数"),
    "ge.file.embed": ("Write the settings into the file", "将设置写入文件"),
    "ge.file.format": ("Format", "格式"),
    "ge.file.quality": ("Quality", "质量"),
    "ge.file.strip": ("Remove the location", "移除位置信息"),
    "ge.file.title": ("File", "文件"),
    # advanced
    "ge.advanced.precision": ("Precision", "计算精度"),
    "ge.advanced.tile": ("Tile, px (0 = automatic)", "分块大小（像素，0 为自动）"),
    "ge.advanced.title": ("Advanced", "高级"),
    # run
    "ge.run.button": ("Enhance", "开始增强"),
    "ge.run.estimate": ("{width} × {height} px · about {time}", "{width} × {height} 像素 · 约 {time}"),
    "ge.run.estimate_none": ("{width} × {height} px", "{width} × {height} 像素"),
    "ge.run.left": ("{time} left", "剩余 {time}"),
    "ge.run.stop": ("Stop", "停止"),
    "ge.run.stopped": ("Stopped. Nothing was written.", "已停止，未写入任何文件。"),
    "ge.run.tiles": ("tile {done} of {total}", "第 {done}/{total} 块"),
    "ge.stage.adjust": ("Light and color", "调整光线与色彩"),
    "ge.stage.guard": ("Matching the colors", "正在校正色彩"),
    "ge.stage.load": ("Loading the model", "正在加载模型"),
    "ge.stage.stop": ("Stopping", "正在停止"),
    "ge.stage.upscale": ("Enhancing", "正在增强"),
    "ge.stage.save": ("Writing the file", "正在写入文件"),
    "ge.stage.wait": ("Waiting for a free place", "正在排队"),
    "ge.time.minutes": ("{minutes} min {seconds} s", "{minutes} 分 {seconds} 秒"),
    "ge.time.seconds": ("{seconds} s", "{seconds} 秒"),
    # result
    "ge.result.compare": ("Compare", "对比"),
    "ge.result.download": ("Download", "下载"),
    "ge.result.empty": ("The result appears here", "结果会显示在这里"),
    "ge.result.empty_how": (
        "Choose a picture on the left, or one of the examples.",
        "请在左侧选择一张图片，或点选示例。",
    ),
    "ge.result.history": ("This session", "本次会话"),
    "ge.result.invented": ("What did the model invent?", "模型凭空生成了什么？"),
    "ge.result.invented_how": (
        "Bright spots are where the result, made small again, departs from your picture.",
        "亮处表示结果缩回原尺寸后与原图不同的地方。",
    ),
    "ge.result.preview": ("Preview", "预览"),
    "ge.result.ready": ("Ready", "就绪"),
    "ge.result.zoom": (
        "Left original, right result. Drag the line; zoom with the wheel.",
        "左侧原图，右侧结果。拖动分割线对比，滚轮缩放。",
    ),
    # models tab
    "ge.models.add": ("Add your own model (.pth or .safetensors)", "添加自己的模型（.pth 或 .safetensors）"),
    "ge.models.added": ("{id} is ready to use.", "{id} 已可使用。"),
    "ge.models.arch": ("Architecture", "网络结构"),
    "ge.models.commercial": ("Commercial use OK", "可商用"),
    "ge.models.commercial_no": ("No commercial use", "不可商用"),
    "ge.models.confirm": (
        "I have read the license and will not use this model commercially.",
        "我已阅读许可证，不会将此模型用于商业用途。",
    ),
    "ge.models.denoise": ("Denoise slider also needs", "去噪滑块还需要"),
    "ge.models.empty": ("No model fits these filters.", "没有符合条件的模型。"),
    "ge.models.fetch": ("Fetch", "下载"),
    "ge.models.fetch_starts": ("Starting the download…", "开始下载……"),
    "ge.models.fetched": ("{id} has been fetched and checked.", "{id} 已下载并通过校验。"),
    "ge.models.fetching": ("{done} of {total}", "{done} / {total}"),
    "ge.models.fetching_unknown": ("{done} so far", "已下载 {done}"),
    "ge.models.hash": ("SHA-256", "SHA-256"),
    "ge.models.installed": ("installed", "已安装"),
    "ge.models.installed_no": ("not fetched", "未下载"),
    "ge.models.keep": ("Keep it", "保留"),
    "ge.models.kind": ("Kind", "类型"),
    "ge.models.kind_gan": ("GAN", "GAN"),
    "ge.models.kind_other": ("not a GAN", "非 GAN"),
    "ge.models.kind_unknown": ("unknown", "未知"),
    "ge.models.license": ("License", "许可证"),
    "ge.models.license_unknown": ("unknown", "未知"),
    "ge.models.loaded": ("in memory", "已载入内存"),
    "ge.models.local": ("this machine", "本机"),
    "ge.models.model": ("Model", "模型"),
    "ge.models.offline": (
        "Offline mode is on (GANEDIT_OFFLINE): nothing is fetched, installed models work as usual.",
        "离线模式已开启（GANEDIT_OFFLINE）：不会下载任何内容，已安装的模型照常使用。",
    ),
    "ge.models.origin": ("Origin", "来源"),
    "ge.models.paper": ("Paper", "论文"),
    "ge.models.pick": ("Choose a model in the list to see all about it.", "在列表中选择一个模型查看详情。"),
    "ge.models.problem": ("{file} cannot be used: {why}", "{file} 无法使用：{why}"),
    "ge.models.public": (
        "This is a shared server: models are managed by whoever runs it.",
        "这是共享服务器：模型由运行者管理。",
    ),
    "ge.models.remove": ("Remove", "删除"),
    "ge.models.remove_ask": ("Remove {id} from this machine?", "要从本机删除 {id} 吗？"),
    "ge.models.remove_yes": ("Yes, remove it", "确认删除"),
    "ge.models.removed": ("{id} has been removed.", "{id} 已删除。"),
    "ge.models.scale": ("Enlarges", "放大倍数"),
    "ge.models.scale_same": ("same size", "尺寸不变"),
    "ge.models.search": ("Search by name, license, use…", "按名称、许可证、用途搜索……"),
    "ge.models.search_label": ("Search", "搜索"),
    "ge.models.size": ("Size", "大小"),
    "ge.models.sources": ("Sources, tried in this order", "来源（按此顺序尝试）"),
    "ge.models.state": ("Status", "状态"),
    "ge.models.stopped": (
        "Stopped. What is here already is kept, and fetching again goes on from there.",
        "已停止。已下载的部分会保留，再次下载时将继续。",
    ),
    "ge.models.task": ("Task", "任务"),
    "ge.models.task_all": ("All tasks", "全部任务"),
    "ge.models.task_enhance": ("Enhance", "增强"),
    "ge.models.task_generate": ("Generate", "生成"),
    "ge.models.task_inpaint": ("Inpaint", "修补"),
    "ge.models.task_stylize": ("Stylize", "风格化"),
    "ge.models.trained_on": ("Trained on", "训练数据"),
    "ge.models.unknown": ("not stated", "未说明"),
    # models tab: what each model is good for
    "ge.models.for.aurasr-v2": ("Generated, clean pictures; wants a GPU", "生成的干净图片；需要 GPU"),
    "ge.models.for.bsrgan-x2": ("Photos with mixed damage, twice the size", "受损情况复杂的照片，放大 2 倍"),
    "ge.models.for.bsrgan-x4": ("Photos with mixed damage; soft look", "受损情况复杂的照片；画面柔和"),
    "ge.models.for.realesr-animevideov3": ("Fast: drawings, video frames, drafts", "快速：动画、视频帧、草稿"),
    "ge.models.for.realesr-general-wdn-x4v3": (
        "Keeps grain; partner of general-x4v3",
        "保留颗粒；与 general-x4v3 搭配",
    ),
    "ge.models.for.realesr-general-x4v3": ("Fast all-rounder with a denoise slider", "快速通用，带去噪滑块"),
    "ge.models.for.realesrgan-x2plus": ("Damaged photos, twice the size", "受损照片，放大 2 倍"),
    "ge.models.for.realesrgan-x4plus": ("Blurred, noisy or blocky photos; slow", "模糊、有噪点或压缩痕迹的照片；较慢"),
    "ge.models.for.realesrgan-x4plus-anime-6b": ("Drawings and anime with clean outlines", "线条清晰的插画与动漫"),
    "ge.models.for.scunet-real-gan": ("Cleans noise and blocks at the same size", "同尺寸去噪、去压缩痕迹"),
    "ge.models.for.scunet-real-psnr": ("Cleans noise, invents nothing; soft", "去噪且不凭空生成；画面柔和"),
    "ge.models.for.swinir-l-real-gan-x4": ("Best texture, slowest by far", "纹理最佳，速度最慢"),
    "ge.models.for.swinir-m-real-gan-x2": (
        "Careful with texture and lettering, twice the size",
        "纹理与文字细致，放大 2 倍",
    ),
    "ge.models.for.swinir-m-real-gan-x4": ("Careful with texture and lettering; slow", "纹理与文字细致；较慢"),
}

_LANGUAGES = ("en", "zh")


def label(key: str) -> I18nData:
    """Give what a gradio component takes as label, value or placeholder; the browser translates it."""
    if key not in STRINGS:
        raise KeyError(key)
    return I18nData(key)


class Html(str):
    """Text that is HTML already and must not be escaped again."""

    __slots__ = ()

    @classmethod
    def escaped(cls, text: Any) -> "Html":
        """Make HTML of anything; what is HTML already stays as it is."""
        return text if isinstance(text, Html) else cls(html.escape(str(text)))


def both(key: str, **values: Any) -> Html:
    """Give HTML with the sentence in both languages, of which the style sheet shows the page's one.

    Args:
        key: a key of ``STRINGS``; the sentence itself may contain HTML.
        values: fill the sentence's braces, and are escaped unless they come from ``both`` themselves (``Html``).
    """
    spans = []
    for language, sentence in zip(_LANGUAGES, STRINGS[key], strict=True):
        filled = sentence.format(**{name: Html.escaped(value) for name, value in values.items()})
        spans.append(f'<span lang="{language}">{filled}</span>')
    return Html("".join(spans))


def plain(key: str, request: gr.Request | None, **values: Any) -> str:
    """Give the sentence in the one language that the request's browser asks for; English without a request."""
    accepted = request.headers.get("accept-language", "") if request else ""
    return STRINGS[key][1 if accepted.lower().startswith("zh") else 0].format(**values)


def translations() -> gr.I18n:
    """Give the table as gradio wants it at launch. "zh" does not fall back to "zh-CN", so both are there."""
    english = {key: texts[0] for key, texts in STRINGS.items()}
    chinese = {key: texts[1] for key, texts in STRINGS.items()}
    return gr.I18n(en=english, **{"zh": chinese, "zh-CN": chinese, "zh-TW": chinese})
