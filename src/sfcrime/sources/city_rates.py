"""What the synthetic city is calibrated to: rates measured on 199,999 calls of 2018, as tables.

The calls for service of 2018-10-02 to 2018-12-31 (DataSF, public domain). Only aggregates are
here: hourly means, shares, and labels. Weights are whole numbers, so that everything drawn from
them is drawn by integer comparison and is the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split())


def weights_of(text: str) -> dict[str, int]:
    """Reads "label weight; label weight": the form in which the tables below are written."""
    pairs = (entry.rsplit(maxsplit=1) for entry in text.split(";"))
    return {label.strip(): int(weight) for label, weight in pairs}


def _by_label(text: str) -> dict[str, str]:
    """What stands below each label; labels stand on lines of their own and end in a colon."""
    _, *parts = re.split(r"^ *(.+):\n", text, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


HOURLY_CALLS_HUNDREDTHS = _numbers(
    """
    4885 3715 3277 3146 2800 2946 5469 10008 11392 11592 11923 11731
    12169 12169 12246 12315 14400 15062 13846 10646 8715 8354 9508 6692
    4950 3833 3475 3200 3075 3375 4983 9983 11792 11617 11142 11417
    11883 11400 11750 13183 14742 13917 13917 10792 9392 8508 9233 6933
    5346 3823 3654 2915 3200 3531 5362 11062 11677 12146 12292 12277
    13223 12962 13092 13092 14615 15200 14100 10885 9131 8523 9977 7538
    5569 4038 3946 2815 2785 3277 5669 9731 11385 12015 11238 11831
    11985 11923 11123 11300 13508 14377 13577 10469 9285 8977 9723 7485
    5415 4408 3977 3177 2692 3162 4869 9131 11369 11469 11300 11531
    11385 11877 11592 12108 15208 15054 14477 11300 9423 9792 10023 9023
    7069 5708 4838 3508 2831 2715 3569 6408 8915 10269 10938 11908
    12277 11885 12085 12415 15362 15192 13700 11254 9577 9823 11731 9292
    7623 6954 5769 3562 2992 2446 3723 6354 7854 10023 10138 10677
    11446 11269 11462 12285 15085 14777 13215 10423 8031 8085 8315 6985
    """
)
"""Mean calls of each hour of the week on the wall, in hundredths; from Monday 00:00."""

DISPERSION_THOUSANDTHS = 2_327
"""Variance of an hour's calls over its mean, in thousandths: calls come in bursts (Poisson: 1)."""

CALL_TYPES: Mapping[str, int] = weights_of(
    """
    Passing Call 35180; Traffic Stop 13538; Traf Violation Cite 10921; Suspicious Person 10007;
    Homeless Complaint 6072; Trespasser 5840; Audible Alarm 5775; 22500e 5651;
    Well Being Check 5552; Muni Inspection 5509; Suspicious Vehicle 5031; Fight No Weapon 4199;
    Noise Nuisance 4072; Auto Boost / Strip 2969; Traf Violation Tow 2915; Poss 2851;
    Mentally Disturbed 2585; Petty Theft 2549; Meet W/citizen 2414; Assault / Battery 2356;
    Drugs 2003; 601 1837; Complaint Unkn 1676; 500e 1519; Burglary 1423; Stolen Vehicle 1408;
    Threats / Harassment 1380; 22500f 1345; Vandalism 1337; Rep 1213; H&r Veh Accident 1009;
    Veh Accident 998; Jo 961; Dw 919; 909 865; Fraud 842; 7.2.46 823; 518 801;
    Fight No Weapon Dv 750; Suicide Attempt 731; Wanted Vehicle / Sub 711;
    Injury Veh Accident 702; Indecent Exposure 671; Person W/knife 616; Missing Adult 551;
    Verbal 528; Aided Case 513; 415 511; Caser 487; Prisoner Transport 484; Ip 470; 7.2.27 467;
    Arrest Made 450; Assault / Battery Dv 448; Aggressive 434; Report 426; Reckless 419;
    Grand Theft 411; 500f 407; Strongarm Robbery 406
    """
)
"""The 60 commonest labels, of 199,999 calls."""

OTHER_TYPES = 30_061
"""Calls whose label is none of the 60: 15.0 %."""

HOURS_OF_TYPE: Mapping[str, tuple[int, ...]] = {
    call_type: _numbers(text)
    for call_type, text in _by_label(
        """
    Passing Call:
    232 151 131 139 128 105 190 418 445 503 529 528 610 535 533 639 804 804 713 434 266 335
    485 343
    Traffic Stop:
    280 177 115 91 95 66 71 201 349 414 423 431 456 457 666 677 933 827 662 540 397 470 717
    488
    Traf Violation Cite:
    125 122 89 46 53 90 195 483 768 654 565 586 654 606 603 568 598 625 648 568 476 378 329
    172
    Suspicious Person:
    255 184 166 154 120 104 184 378 423 496 476 530 741 719 655 682 668 645 539 410 394 366
    355 361
    Homeless Complaint:
    35 23 8 77 138 440 736 1285 1179 1105 975 751 593 573 438 329 382 222 201 163 135 81 71 59
    Trespasser:
    317 204 259 193 238 320 584 700 652 570 464 461 425 454 505 479 377 485 396 375 373 411
    390 368
    Audible Alarm:
    405 384 391 371 377 390 440 592 637 504 423 379 338 419 343 374 365 393 431 516 386 395
    372 374
    22500e:
    0 0 0 0 0 0 230 464 582 634 634 628 750 634 495 549 570 724 740 741 623 485 329 189
    Well Being Check:
    324 265 308 236 173 169 220 353 427 465 512 521 499 515 575 558 521 560 544 522 457 456
    425 396
    Muni Inspection:
    36 9 15 18 49 40 87 83 178 194 194 207 182 221 158 89 2287 2886 2207 568 27 33 127 103
    Suspicious Vehicle:
    483 356 294 231 171 83 135 302 340 380 366 403 467 509 477 543 559 511 533 521 465 503 690
    680
    Fight No Weapon:
    379 433 393 212 160 207 191 226 286 398 429 417 429 567 536 548 553 555 564 512 505 522
    498 483
    """
    ).items()
}
"""Share of a type's calls by hour on the wall, in ten-thousandths."""

DISPOSITIONS: Mapping[str, int] = weights_of(
    """
    HAN 57639; GOA 26211; ADV 19515; Not recorded 19238; CIT 18400; REP 16054; UTL 9376; ND 8123;
    CAN 7590; NOM 7070; PAS 3863; NCR 1681; 22 1546; ARR 1472; ABA 1098; ADM 427; OTS 262;
    GEN 226; INC 87; SFD 80; DUP 22; CRM 7; TOW 4; CHP 3; ENC 2; TH2 1; FIR 1; HOT 1
    """
)
"""All dispositions, of 199,999 calls; those outside the official table included."""

DISPOSITIONS_OF_TYPE: Mapping[str, Mapping[str, int]] = {
    call_type: weights_of(text)
    for call_type, text in _by_label(
        """
    Passing Call:
    HAN 6088; Not recorded 3570; ND 211; ADV 64; CIT 31; GOA 15; REP 6; UTL 4; ARR 2; CAN 2;
    ADM 2; NOM 2
    Traffic Stop:
    CIT 5724; ADV 2974; HAN 765; ND 137; REP 130; ADM 118; ARR 90; Not recorded 33; CAN 15;
    NOM 4; GOA 3; 22 2
    Traf Violation Cite:
    GOA 3417; CIT 2774; NOM 969; HAN 583; Not recorded 522; ADV 489; CAN 447; OTS 236; 22 217;
    GEN 205; UTL 102; ND 20
    Suspicious Person:
    ADV 3200; HAN 1990; GOA 1725; CIT 1085; ND 517; UTL 414; ARR 347; REP 273;
    Not recorded 165; CAN 96; NOM 87; ADM 74
    Homeless Complaint:
    HAN 4984; ADV 2910; GOA 853; CIT 392; UTL 283; ND 282; Not recorded 92; ARR 49; REP 43;
    CAN 33; ADM 33; NOM 16
    Trespasser:
    GOA 3104; ADV 2337; HAN 2336; CAN 783; UTL 498; ND 192; 22 163; Not recorded 159; NOM 120;
    REP 118; CIT 62; ARR 41
    Audible Alarm:
    PAS 5250; NCR 1713; CAN 1555; HAN 556; 22 263; NOM 194; ND 158; REP 107; UTL 85;
    Not recorded 69; ADV 21; GOA 16
    22500e:
    CIT 3764; GOA 2493; HAN 1624; CAN 1320; NOM 334; 22 276; Not recorded 88; ADV 53; UTL 35;
    ND 7; TOW 4
    Well Being Check:
    HAN 4326; UTL 1412; GOA 1255; NOM 746; ND 567; ADV 558; REP 380; CAN 349;
    Not recorded 168; 22 54; CIT 43; PAS 34
    Muni Inspection:
    Not recorded 6321; HAN 3514; ND 158; NCR 2; ADV 2; ARR 2; GOA 2
    Suspicious Vehicle:
    ADV 3818; HAN 2270; ND 1280; GOA 823; CIT 708; UTL 318; REP 252; Not recorded 119;
    NOM 115; CAN 101; ARR 97; ADM 58
    Fight No Weapon:
    HAN 3141; GOA 1727; ABA 974; UTL 786; ND 662; REP 633; CAN 557; NOM 450; ADV 419;
    Not recorded 372; ARR 141; 22 83
    Noise Nuisance:
    GOA 2863; UTL 2173; ADV 1839; HAN 1830; NOM 361; CAN 332; Not recorded 248; ND 209; 22 49;
    ABA 37; ADM 22; REP 22
    Auto Boost / Strip:
    REP 6143; HAN 899; ND 680; GOA 549; UTL 542; ADV 303; NOM 293; CAN 269; INC 101;
    Not recorded 94; 22 61; ARR 47
    Traf Violation Tow:
    HAN 2779; GOA 2401; CIT 1911; CAN 1568; NOM 429; 22 357; Not recorded 319; ADV 196;
    OTS 14; ND 10; UTL 7; DUP 7
    Poss:
    HAN 2080; GOA 1719; NOM 1638; UTL 1294; ND 852; REP 740; ADV 582; PAS 351; CAN 239;
    Not recorded 214; NCR 98; ABA 74
    Mentally Disturbed:
    HAN 2770; GOA 2716; ADV 1327; UTL 1130; ND 696; REP 340; NOM 306; Not recorded 298;
    CAN 182; ABA 66; ARR 46; CIT 35
    Petty Theft:
    REP 4327; HAN 1887; GOA 1287; UTL 596; ND 581; ADV 388; CAN 357; NOM 157;
    Not recorded 118; 22 71; ARR 71; INC 59
    Meet W/citizen:
    HAN 5800; REP 1636; ND 609; ADV 439; GOA 348; UTL 348; CAN 249; Not recorded 166; ABA 108;
    NOM 108; ARR 58; CIT 58
    Assault / Battery:
    REP 2780; HAN 2487; GOA 1053; UTL 930; ND 879; NOM 509; ABA 297; Not recorded 284;
    CAN 267; ADV 225; ARR 191; CIT 38
    """
    ).items()
}
"""The 12 commonest dispositions of the 20 commonest types, in ten-thousandths of their calls."""

PLACES: Mapping[str, int] = weights_of(
    """
    Premise Address, San Francisco 101281; Intersection, San Francisco 63356;
    Common Location, San Francisco 24026; Geo-Override, - 4110; Geo-Override, San Francisco 4105;
    Premise Address, Treasure Isla 1298; Geo-Override, Treasure Isla 447;
    Intersection, Treasure Isla 396; Intersection, Yerba Buena 211;
    Common Location, Yerba Buena 157; Common Location, Treasure Isla 117; Intersection, - 83;
    Common Location, - 81; Premise Address, Yerba Buena 70; Premise Address, Hunters Point 67;
    Common Location, Daly City 42; Premise Address, Daly City 34; Premise Address, Presidio 28;
    Intersection, Daly City 26; Common Location, Presidio 14; Premise Address, - 10;
    Intersection, Presidio 9; Geo-Override, Yerba Buena 8; Common Location, Hunters Point 8;
    Intersection, Hunters Point 7; Intersection, Brisbane 3; Premise Address, Brisbane 2;
    Geo-Override, Daly City 1; Common Location, Fort Mason 1; Premise Address, Fort Mason 1
    """
)
"""Kind of address and city ("-": none given), of 199,999 calls."""

REPEATS_PER_MILLION = 20
"""Records published once more, soon after: 4 of 199,999."""

SEQUENCE_STEP_EIGHTHS = 15
"""A day's call numbers skip calls of other services: 53 % of them are police calls."""
