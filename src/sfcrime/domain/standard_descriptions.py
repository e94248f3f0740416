"""The city's standard descriptions of a call: the labels the dispatch system itself assigns.

143 descriptions, seen in 91 days of dispatched calls (May to August 2026, 156,313 calls); 88 of
them occur among the legacy calls of 2018. None is longer than 20 characters, at which the legacy
set cuts every label. Spelled as the legacy set spells them: each word's first letter is upper
case and no other, so that a standard label and its raw label are the same text.
"""

from __future__ import annotations

_LABELS = """
    3si Activation; 416 For Medication; 416 For Restraints; 416 For Seclusion;
    Abandoned Vehicle; Agg Assault / Adw; Agg Assault / Adw Dv; Aggr Soliciting; Aided Case;
    Alarm; Ambulance; Arrest Made; Assault / Battery; Assault / Battery Ca;
    Assault / Battery Dv; Assault / Battery Ea; Audible Alarm; Auto Boost / Strip;
    Blocked Sidewalk; Bomb Threat; Broken Window; Burglary; Cit/comm Engagement; Citizen Arrest;
    Citizen Standby; Citizen Standby Dv; City Lot Check; Civil Processes; Complaint Unkn;
    Death / Coroner; Demo / Protest; Drunk Driver; Elderly Abuse; Emergency Backup; Explosion;
    Explosive Found; Fight No Weapon; Fight No Weapon Dv; Fight W/weapons; Fight W/weapons Dv;
    Fire; Fraud; Fraud Ea; Graffiti Vandalism; Grand Theft; H&r Injury Accident;
    H&r Veh Accident; Hazmat Incident; Homecheck; Homeless Complaint; Indecent Exposure;
    Injury Veh Accident; Intoxicated Person; Juve Beyond Control; Juvenile Disturbance;
    Kidnapping; Marine; Meet W/citizen; Meet W/city Employee; Meet W/officer;
    Mentally Dist Crit; Mentally Disturbed; Misc; Missing Adult; Missing Juvenile; Money Counts;
    Muni Alarm; Muni Inspection; Narcotics; Noise Nuisance; Officer Needs Help; Panic Alarm;
    Passing Call; Person Break In Dv; Person Breaking In; Person Down; Person Dumping;
    Person Screaming; Person W/gun; Person W/gun Dv; Person W/knife; Person W/knife Crit;
    Person W/knife Dv; Petty Theft; Prisoner Transport; Prostitute/solicite; Prowler;
    Psych Escort; Psych Eval / Hold; Purse Snatch; Recover Missing Veh; Resisting Arrest;
    Ringing Doorbell; Ro Service; Robbery; Rolling Drunk Person; Senile Person;
    Sexual Assault Adult; Sexual Assault Juve; Shooting; Shot Spotter; Shots Fired;
    Signal 200 / Rat; Silent Alarm; Silent Holdup Alarm; Sit/lie Enforcement; Stabbing;
    Stabbing Dv; Stalking; Stalking Dv; Stolen Property; Stolen Vehicle; Strongarm Robbery;
    Suicide Att Crit; Suicide Attempt; Surveillance; Suspicious Mailing; Suspicious Person;
    Suspicious Vehicle; Test; Threats / Harassment; Threats Dv; Threats Ea; Tow Truck;
    Traf Violation Cite; Traf Violation Tow; Traffic Hazard; Traffic Pursuit; Traffic Stop;
    Trespasser; Urgent Notification; Vandalism; Vandalism Dv; Veh Accident; Vehicle Alarm;
    Wanted Vehicle / Sub; Warrants; Well Being Check; Well Being Check Ca; Well Being Check Dv;
    Well Being Check Ea; Ygc / Jail Break; Youth Interact
    """

STANDARD_DESCRIPTIONS = tuple(label.strip() for label in _LABELS.split(";"))
