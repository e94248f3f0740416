"""Radio and section codes that dispatchers type in place of a description.

Only codes with a published or observed reading are here. Police complaint codes of the 400 to 900
range are department codes, not sections of the Penal Code: 518 is a vehicle accident, not
extortion. 911 is left out on purpose: as a code it is a broken window, as a note a call that was
dropped. A comment marks a reading that rests on one inference from use.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RadioCode:
    """One code and its reading."""

    code: str
    """Lower case, in its usual spelling."""
    description: str
    """The standard description the dispatch system gives it; "" where none is known."""
    meaning: str
    variants: tuple[str, ...] = ()
    """Other spellings met among the calls: short forms and typing errors, lower case."""


RADIO_CODES = (
    RadioCode("00", "", "Burglar alarm"),
    RadioCode("100s", "Silent Alarm", "Silent burglar alarm"),  # inferred
    RadioCode("32", "", "Accessory to a felony"),
    RadioCode("53m", "", "Harassment by phone"),
    RadioCode("67", "", "Offer bribe to executive officer"),
    RadioCode("69", "", "Deter/resist executive officer"),
    RadioCode("71", "", "Threaten injury to school officer/employee"),
    RadioCode("93d", "", "Theft of CATV"),
    RadioCode("102", "", "Take/destroy property in custody of officer"),
    RadioCode("118", "", "Perjury"),
    RadioCode("136.1(a)", "", "Intimidation of witness or victim"),
    RadioCode("137(a)", "", "Offer bribe to influence testimony"),
    RadioCode("146a", "", "Impersonating a peace officer"),
    RadioCode("148", "Resisting Arrest", "Resisting arrest"),
    RadioCode("148.1", "Bomb Threat", "False report of a bomb"),  # inferred
    RadioCode("148.5", "", "False report of a crime"),
    RadioCode("150", "", "Refuse to aid an officer"),
    RadioCode("151(a1)", "", "Advocate killing/injuring an officer"),
    RadioCode("152", "Drunk Driver", "Drunk driver"),
    RadioCode("187", "", "Homicide"),
    RadioCode("192.1", "", "Voluntary manslaughter"),
    RadioCode("192.2", "", "Involuntary manslaughter"),
    RadioCode("192.3", "", "Vehicular manslaughter"),
    RadioCode("203", "", "Mayhem"),
    RadioCode("207", "Kidnapping", "Kidnapping"),
    RadioCode("209a", "", "Kidnapping for ransom/extortion"),
    RadioCode("211", "Robbery", "Robbery"),
    RadioCode("211s", "Silent Holdup Alarm", "Silent hold-up alarm"),
    RadioCode("212", "Strongarm Robbery", "Strong-arm robbery"),
    RadioCode("213", "Purse Snatch", "Purse snatch"),
    RadioCode("216", "Shots Fired", "Shots fired"),
    RadioCode("217", "Shooting", "Shooting"),
    RadioCode("219", "Stabbing", "Stabbing"),
    RadioCode("221", "Person W/gun", "Person with a gun"),
    RadioCode("222", "Person W/knife", "Person with a knife"),
    RadioCode("240", "Assault / Battery", "Assault"),
    RadioCode("245", "Agg Assault / Adw", "Aggravated assault / assault with deadly weapon"),
    RadioCode("273.5", "", "Injury to cohabitant/spouse (domestic violence)"),
    RadioCode("302", "Demo / Protest", "Protest / demonstration"),
    RadioCode("311", "Indecent Exposure", "Indecent exposure"),
    RadioCode("407", "Prisoner Transport", "Prisoner transport"),
    RadioCode("408", "", "Send ambulance"),
    RadioCode("410", "", "Requested assistance responding"),
    RadioCode("415", "Noise Nuisance", "Noise complaint / disturbing the peace"),
    RadioCode("416", "Citizen Standby", "Stand-by"),  # inferred
    RadioCode("417", "", "Brandishing"),
    RadioCode("418", "Fight No Weapon", "Fight or dispute, no weapon"),
    RadioCode("418dv", "Fight No Weapon Dv", "Fight or dispute, no weapon, domestic violence"),
    RadioCode("419", "Fight W/weapons", "Fight or dispute, weapons"),  # inferred
    RadioCode("459", "Burglary", "Burglary"),
    RadioCode("470", "Fraud", "Fraud / forgery"),
    RadioCode("487", "Grand Theft", "Grand theft"),
    RadioCode("488", "Petty Theft", "Petty theft"),
    RadioCode("496", "Stolen Property", "Receiving stolen property"),
    RadioCode("518", "Veh Accident", "Vehicle accident, no injury"),
    RadioCode("518hr", "H&r Veh Accident", "Hit and run, no injury"),  # inferred
    RadioCode("519", "Injury Veh Accident", "Vehicle accident with injury"),
    RadioCode("520", "", "Accident, non-vehicle"),
    RadioCode("528", "Fire", "Fire"),
    RadioCode("529", "Explosion", "Explosion"),
    RadioCode("531", "Explosive Found", "Suspected explosive device found"),
    RadioCode("585", "Traffic Stop", "Traffic stop"),
    RadioCode("586", "Traffic Hazard", "Traffic hazard / congestion"),
    RadioCode("587", "Traf Violation Cite", "Parking / traffic violation - cite"),
    RadioCode("588", "Traf Violation Tow", "Driveway violation - tow"),
    RadioCode("594", "Vandalism", "Vandalism / malicious mischief"),
    RadioCode("600", "", "Road block"),
    RadioCode("601", "Trespasser", "Trespasser"),
    RadioCode("602", "Person Breaking In", "Breaking and entering"),
    RadioCode("603", "Prowler", "Prowler"),
    RadioCode("646", "Stalking", "Stalking"),
    RadioCode("647b", "Prostitute/solicite", "Prostitution / solicitation"),
    RadioCode("650", "Threats / Harassment", "Threats"),
    RadioCode("800", "Mentally Disturbed", "Mentally disturbed person"),
    RadioCode("801", "Suicide Attempt", "Suicide / suicide attempt"),
    RadioCode("802", "Death / Coroner", "Coroner's case / dead person"),
    RadioCode("806", "Juve Beyond Control", "Juvenile beyond parental control"),
    RadioCode("809", "", "Missing person"),
    RadioCode("811", "Intoxicated Person", "Intoxicated person"),
    RadioCode("819", "Rolling Drunk Person", "Robbing a drunk person"),
    RadioCode("851", "Stolen Vehicle", "Stolen vehicle"),
    RadioCode("852", "Auto Boost / Strip", "Car break-in / stripping"),
    RadioCode("853", "Recover Missing Veh", "Recovered vehicle"),  # inferred
    RadioCode("901", "", "Call (by phone)"),
    RadioCode(
        "903", "Passing Call", "Officer pass-by / foot or car presence, often self-initiated"
    ),
    RadioCode("904", "Meet W/officer", "Meet with officer"),
    RadioCode("905", "Meet W/city Employee", "Meet with city or public-service employee"),
    RadioCode("908", "Muni Inspection", "Officer boards/inspects a Muni vehicle"),
    RadioCode("909", "Meet W/citizen", "Citizen requests an interview"),
    RadioCode("910", "Well Being Check", "Check on well-being"),
    RadioCode("912", "Person Dumping", "Person dumping trash"),
    RadioCode("913", "Complaint Unkn", "Complaint unknown"),
    RadioCode("914", "Person Down", "Person down"),
    RadioCode("915", "Homeless Complaint", "Homeless-related call"),
    RadioCode("916", "Suspicious Vehicle", "Suspicious person in vehicle"),
    RadioCode("917", "Suspicious Person", "Suspicious person"),
    RadioCode("918", "Person Screaming", "Person screaming for help"),
    RadioCode("919", "Sit/lie Enforcement", "Sit/lie on sidewalk"),  # inferred
    RadioCode("920", "Aggr Soliciting", "Aggressive soliciting"),  # inferred
    RadioCode("5150", "Psych Eval / Hold", "72-hour mental-health hold"),
    RadioCode("1030", "", "Person/vehicle wanted or stolen", ("10-30",)),
    RadioCode("22500a", "Traf Violation Cite", "Stopping in an intersection"),
    RadioCode("22500b", "Traf Violation Cite", "Stopping in a crosswalk", ("500b",)),
    RadioCode(
        "22500e",
        "Traf Violation Cite",
        "Blocking a driveway",
        ("500e", "2250oe", "225000e", "222500e", "25500e", "2500e", "2250e", "dw"),
    ),
    RadioCode("22500f", "Traf Violation Cite", "Parked on the sidewalk", ("500f", "sw")),
    RadioCode("22500h", "Traf Violation Cite", "Double parking", ("500h",)),
    # Inferred:
    RadioCode("22500l", "Traf Violation Cite", "Curb ramp / disabled access", ("500l",)),
    RadioCode("22502a", "Traf Violation Cite", "Not parallel, or too far from the curb"),
    RadioCode("22502b", "Traf Violation Cite", "Parked the wrong way"),
    RadioCode("22514", "Traf Violation Cite", "Fire hydrant"),
    RadioCode("21211", "Traf Violation Cite", "Obstructing a bikeway"),
    RadioCode("7.2.24", "Traf Violation Cite", "Parking in a driveway"),
    RadioCode("7.2.25", "Traf Violation Cite", "Red zone", ("rz",)),
    RadioCode("7.2.26", "Traf Violation Cite", "Yellow zone"),
    RadioCode("7.2.27", "Traf Violation Cite", "White zone"),
    RadioCode("7.2.35", "Traf Violation Cite", "Parking on grades"),  # inferred
    RadioCode("7.2.37", "Traf Violation Cite", "Motorcycle parking"),  # inferred
    RadioCode("7.2.40", "Traf Violation Cite", "Tow-away or parking restriction"),  # inferred
    RadioCode("7.2.41", "Traf Violation Cite", "Tow-away or parking restriction"),  # inferred
    RadioCode("7.2.45", "Traf Violation Cite", "Temporary parking restriction"),  # inferred
    RadioCode("7.2.46", "Traf Violation Cite", "Temporary construction zone"),  # inferred
    RadioCode("7.2.70", "Traf Violation Cite", "Obstruction of traffic"),  # inferred
)
