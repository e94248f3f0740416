"""Categories: eleven plain names that call types are grouped under when results are shown.

The city publishes no such grouping; this one is sfcrime's own, by what a call is about and not by
how grave it is. It is applied when results are read, so a better one changes no count.
"""

from __future__ import annotations

from collections.abc import Mapping

NOTES = "Notes without a standard type"
"""Of free text that a dispatcher typed in place of a type."""

_STANDARD: Mapping[str, str] = {
    "Traffic and parking": """
        Abandoned Vehicle; Blocked Sidewalk; Drunk Driver; H&r Injury Accident; H&r Veh Accident;
        Injury Veh Accident; Tow Truck; Traf Violation Cite; Traf Violation Tow; Traffic Hazard;
        Traffic Pursuit; Traffic Stop; Veh Accident
        """,
    "Officer activity": """
        Arrest Made; Cit/comm Engagement; City Lot Check; Emergency Backup; Homecheck;
        Muni Inspection; Passing Call; Surveillance; Wanted Vehicle / Sub; Warrants; Youth Interact
        """,
    "Suspicion": """
        Complaint Unkn; Prowler; Ringing Doorbell; Suspicious Mailing; Suspicious Person;
        Suspicious Vehicle; Trespasser
        """,
    "Disturbance and conduct": """
        Aggr Soliciting; Fight No Weapon; Fight No Weapon Dv; Indecent Exposure;
        Juve Beyond Control; Juvenile Disturbance; Narcotics; Noise Nuisance; Person Dumping;
        Prostitute/solicite; Sit/lie Enforcement
        """,
    "Welfare and medical": """
        416 For Medication; 416 For Restraints; 416 For Seclusion; Aided Case; Ambulance;
        Death / Coroner; Elderly Abuse; Homeless Complaint; Intoxicated Person;
        Mentally Dist Crit; Mentally Disturbed; Missing Adult; Missing Juvenile; Person Down;
        Psych Escort; Psych Eval / Hold; Senile Person; Suicide Att Crit; Suicide Attempt;
        Well Being Check; Well Being Check Ca; Well Being Check Dv; Well Being Check Ea
        """,
    "Property": """
        Auto Boost / Strip; Broken Window; Burglary; Fraud; Fraud Ea; Graffiti Vandalism;
        Grand Theft; Person Break In Dv; Person Breaking In; Petty Theft; Recover Missing Veh;
        Stolen Property; Stolen Vehicle; Vandalism; Vandalism Dv
        """,
    "Violence and threats": """
        Agg Assault / Adw; Agg Assault / Adw Dv; Assault / Battery; Assault / Battery Ca;
        Assault / Battery Dv; Assault / Battery Ea; Bomb Threat; Fight W/weapons;
        Fight W/weapons Dv; Kidnapping; Officer Needs Help; Person Screaming; Person W/gun;
        Person W/gun Dv; Person W/knife; Person W/knife Crit; Person W/knife Dv; Purse Snatch;
        Resisting Arrest; Robbery; Rolling Drunk Person; Sexual Assault Adult;
        Sexual Assault Juve; Shooting; Shot Spotter; Shots Fired; Stabbing; Stabbing Dv; Stalking;
        Stalking Dv; Strongarm Robbery; Threats / Harassment; Threats Dv; Threats Ea
        """,
    "Alarms": """
        3si Activation; Alarm; Audible Alarm; Muni Alarm; Panic Alarm; Silent Alarm;
        Silent Holdup Alarm; Vehicle Alarm
        """,
    "Fire and hazards": """
        Explosion; Explosive Found; Fire; Hazmat Incident; Marine
        """,
    "Service and administration": """
        Citizen Arrest; Citizen Standby; Citizen Standby Dv; Civil Processes; Demo / Protest;
        Meet W/citizen; Meet W/city Employee; Meet W/officer; Misc; Money Counts;
        Prisoner Transport; Ro Service; Signal 200 / Rat; Test; Urgent Notification;
        Ygc / Jail Break
        """,
}
"""The standard descriptions of each category."""

_MEANINGS: Mapping[str, str] = {
    "Traffic and parking": "Road block",
    "Suspicion": "Person/vehicle wanted or stolen",
    "Welfare and medical": "Accident, non-vehicle; Missing person; Send ambulance",
    "Property": "Take/destroy property in custody of officer; Theft of CATV",
    "Violence and threats": """
        Advocate killing/injuring an officer; Brandishing; Deter/resist executive officer;
        Harassment by phone; Homicide; Injury to cohabitant/spouse (domestic violence);
        Intimidation of witness or victim; Involuntary manslaughter;
        Kidnapping for ransom/extortion; Mayhem; Threaten injury to school officer/employee;
        Vehicular manslaughter; Voluntary manslaughter
        """,
    "Alarms": "Burglar alarm",
    "Service and administration": """
        Accessory to a felony; Call (by phone); False report of a crime;
        Impersonating a peace officer; Offer bribe to executive officer;
        Offer bribe to influence testimony; Perjury; Refuse to aid an officer;
        Requested assistance responding
        """,
}
"""The meanings of radio codes that have no standard description."""

CATEGORIES = (*_STANDARD, NOTES)
"""In the order in which they are listed where they have the same calls."""

_CATEGORY_OF = {
    reading.strip(): category
    for readings in (_STANDARD, _MEANINGS)
    for category, listed in readings.items()
    for reading in listed.split(";")
}


def category_of(reading: str) -> str:
    """The category of what a label is read as (`call_types.read_call_type`); `NOTES` for text that
    is neither a standard description nor the meaning of a code."""
    return _CATEGORY_OF.get(reading, NOTES)
