"""Abuse."""

from pixelhost import errors
from pixelhost.core import takedowns
from pixelhost.pixeldrain import abuse
from pixelhost.pixeldrain.manual.shared import OK
from pixelhost.wire.manual import Chapter, Operation

GONE = (errors.NOT_FOUND,)
FILE = {"id": "The ID of the file."}
TYPES = f"One of {', '.join(f'`{kind}`' for kind in takedowns.TYPES)}."
TOLD = {
    "reporter": "Who reported it, shown with the file.",
    "note": "Kept with the takedown, for administrators.",
}
PAGED = {"limit": "How many at most.", "offset": "How many to leave out."}
ACTION = "`grant` or `reject`."

CHAPTER = Chapter(
    "abuse",
    "Abuse",
    (
        Operation(
            "GET /admin/abuse_report",
            "Reports of abuse",
            "By file, those that most people have reported first.",
            who="administrator",
            query=(abuse.WhichReports,),
            explained={
                "status": "`pending`, `granted` or `rejected`.",
                "start": "Of the reports. Else 28 days before `end`, and of those that wait for a decision all.",
                "end": "The time after the last of them; else now.",
                **PAGED,
            },
            returns="Each with its file and all its reports.",
            curl="curl -u :$KEY {here}/api/admin/abuse_report",
        ),
        Operation(
            "GET /admin/abuse_report/{id}",
            "What was reported about one file",
            who="administrator",
            explained=FILE,
            returns="The same, with `copies`, who else has its content, and the `takedown` if it is taken down.",
            refuses=GONE,
            curl="curl -u :$KEY {here}/api/admin/abuse_report/$ID",
        ),
        Operation(
            "POST /admin/abuse_report/{id}",
            "Decide about a reported file",
            "`grant` takes down the file and all others with the same content, also those that come later. `reject` "
            "leaves it as it is.",
            who="administrator",
            form=(abuse.Verdict,),
            explained=FILE | {"action": ACTION, "type": f"{TYPES[:-1]}; else what most have reported."} | TOLD,
            returns=OK,
            refuses=(*GONE, errors.ENUM_PARSE_FAILED),
            curl="curl -u :$KEY -d action=grant -d type=malware {here}/api/admin/abuse_report/$ID",
        ),
        Operation(
            "POST /admin/block_files",
            "Take down what a text names",
            "Links to files, lists and shared nodes, IDs on lines of their own, and SHA-256 digests in hexadecimal. Of "
            "a file its content is taken down, wherever it is and comes to be; of a directory what is below it. Also "
            "for reporters, with a key of their account, for their types and in their own name.",
            form=(abuse.Block,),
            explained={"text": "With up to 1,000 of them.", "type": TYPES, **TOLD},
            returns="What was taken down, and in `not_found` what was not there.",
            refuses=(errors.FORBIDDEN, errors.ENUM_PARSE_FAILED),
            curl="curl -u :$KEY -d text={here}/u/$ID -d type=malware {here}/api/admin/block_files",
        ),
        Operation(
            "GET /admin/takedown",
            "What is taken down",
            who="administrator",
            query=(abuse.WhichTakedowns,),
            explained={"type": "Only this one.", "sha256": "How the digest begins, in hexadecimal.", **PAGED},
            returns="The latest first, with `total` of the whole search.",
            curl="curl -u :$KEY {here}/api/admin/takedown",
        ),
        Operation(
            "GET /admin/takedown/{id}",
            "One takedown",
            who="administrator",
            explained={"id": "Its number."},
            returns="With `copies`, at most 1,000 of the files and nodes that it took down.",
            refuses=GONE,
            curl="curl -u :$KEY {here}/api/admin/takedown/$TAKEDOWN",
        ),
        Operation(
            "DELETE /admin/takedown/{id}",
            "Lift a takedown",
            "Everything that it took down is back, and its owners are told.",
            who="administrator",
            explained={"id": "Its number."},
            returns=OK,
            refuses=GONE,
            curl="curl -X DELETE -u :$KEY {here}/api/admin/takedown/$TAKEDOWN",
        ),
        Operation(
            "GET /admin/abuse_appeal",
            "Appeals that wait for a decision",
            who="administrator",
            returns="The oldest first, at most 200.",
            curl="curl -u :$KEY {here}/api/admin/abuse_appeal",
        ),
        Operation(
            "POST /admin/abuse_appeal/{id}",
            "Decide about an appeal",
            "`grant` lifts the takedown for all, `reject` leaves it; whoever appealed is told.",
            who="administrator",
            form=(abuse.Decision,),
            explained={"id": "Its number.", "action": ACTION, "answer": "For whoever appealed, where it is rejected."},
            returns=OK,
            refuses=GONE,
            curl="curl -u :$KEY -d action=grant {here}/api/admin/abuse_appeal/$APPEAL",
        ),
        Operation(
            "GET /admin/abuse_reporter",
            "Reporters",
            who="administrator",
            returns="By name, with how much is taken down in their name.",
            curl="curl -u :$KEY {here}/api/admin/abuse_reporter",
        ),
        Operation(
            "POST /admin/abuse_reporter",
            "Make or change a reporter",
            "With an account and types, keys of that account take down what is of these types.",
            who="administrator",
            form=(abuse.NewReporter,),
            explained={
                "name": "Shown with what they had taken down. One of this name is changed.",
                "from_address": "An e-mail address, for administrators.",
                "user": "An account: its ID, name or e-mail address.",
                "types": f"With commas between them. {TYPES}",
            },
            returns=OK,
            refuses=(
                errors.ENUM_PARSE_FAILED,
                errors.INVALID_EMAIL_ADDRESS,
                errors.USER_NOT_FOUND,
                errors.RESOURCE_ALREADY_EXISTS,
            ),
            curl="curl -u :$KEY -d name=Hotline -d user=$NAME -d types=child_abuse {here}/api/admin/abuse_reporter",
        ),
        Operation(
            "DELETE /admin/abuse_reporter/{name}",
            "Remove a reporter",
            "What they had taken down stays so.",
            who="administrator",
            explained={"name": "As it was given."},
            returns=OK,
            refuses=GONE,
            curl="curl -X DELETE -u :$KEY {here}/api/admin/abuse_reporter/Hotline",
        ),
        Operation(
            "GET /user/takedown/{id}",
            "What of yours was taken down",
            "Its number stands in the letter about it.",
            explained={"id": "The number of the takedown."},
            returns="Why, what of yours it is, and your appeal if you have made one.",
            refuses=GONE,
            curl="curl -u :$KEY {here}/api/user/takedown/$TAKEDOWN",
        ),
        Operation(
            "POST /user/takedown/{id}",
            "Appeal against a takedown",
            "Once; an administrator decides, and you are told by mail.",
            form=(abuse.NewAppeal,),
            explained={"id": "The number of the takedown.", "text": "Why it should be back."},
            status=201,
            returns="That it was passed on.",
            refuses=(*GONE, errors.RESOURCE_ALREADY_EXISTS),
            curl='curl -u :$KEY -d text="It is my own film." {here}/api/user/takedown/$TAKEDOWN',
        ),
    ),
    "What was taken down answers `unavailable_for_legal_reasons`, to its owner too.",
)
