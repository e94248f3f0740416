"""Names the synthetic city is built from: streets, places, and the words of dispatchers' notes.

Street and place names of San Francisco and labels of common use, each with a weight; no address,
note or call of the real data is repeated on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping

from sfcrime.sources.city_rates import weights_of

STREETS: Mapping[str, int] = weights_of(
    """
    Market St 7188; Mission St 3653; Eddy St 1872; United Nations Pz 1725; Haight St 1491;
    Geary St 1415; 3rd St 1345; Turk St 1213; Ellis St 1207; Ofarrell St 1200; California St 1190;
    Sutter St 1166; Mcallister St 1146; Folsom St 1142; Valencia St 1130; Hyde St 1042;
    Golden Gate Av 1033; Post St 997; Powell St 982; Geary Bl 909; Fillmore St 842; Howard St 827;
    6th St 793; Jones St 787; 7th St 768; Van Ness Av 763; Polk St 740; Bryant St 731;
    Minna St 711; South Van Ness Av 710; Stevenson St 695; 18th St 686; Pacific Av 679;
    Pine St 674; Leavenworth St 667; Harrison St 666; Clay St 655; Mason St 650;
    Christmas Tree Point Rd 648; Potrero Av 639; Larkin St 634; Fulton St 628;
    The Embarcadero Nor 627; San Bruno Av 624; 20th Av 608; 16th St 608; Clement St 608;
    The Embarcadero Sou 600; Grove St 598; Castro St 581; Bush St 574; Taylor St 567;
    Stockton St 564; Divisadero St 552; Dolores St 551; Broadway 549; Chestnut St 502;
    Scott St 495; Vallejo St 492; Kearny St 488; Oak St 486; 24th St 485; Page St 479;
    Union St 477; Bayshore Bl 477; Irving St 476; 34th Av 467; Washington St 464;
    Sacramento St 463; Lombard St 461; Columbus Av 455; 4th St 448; Ocean Av 439; Hayes St 436;
    Natoma St 432; Buena Vista Av W 423; Jackson St 419; 17th St 419; Webster St 411;
    Grant Av 400; New Montgomery St 383; Capp St 379; Bay St 362; 28th Av 357;
    Cesar Chavez St 356; 19th Av 354; La Playa 340; Francisco St 331; Beach St 331;
    Franklin St 331; Fell St 327; 9th St 326; Brannan St 325; Jefferson St 325;
    Point Lobos Av 324; 24th Av 324; Great Hy 319; Filbert St 314; Waller St 307; Lyon St 306;
    Shotwell St 301; Geneva Av 299; 2nd St 298; Green St 297; Williams Av 295; 12th Av 280;
    Stanyan St 279; San Jose Av 279; Broderick St 278; Taraval St 276; Gough St 273; 20th St 267;
    Drumm St 266; 6th Av 265; Oakdale Av 265; Montgomery St 265; 5th St 264; Greenwich St 260;
    Silver Av 260; North Point St 257; 9th Av 255; 26th St 253; Guerrero St 248; Church St 243;
    15th St 242; Townsend St 237; York St 235; 22nd St 235; Alemany Bl 234; 14th St 234;
    Palou Av 231; Steiner St 227; Masonic Av 226; Baker St 226; 19th St 226; Noe St 225;
    25th St 225; Buchanan St 224; John F Kennedy Dr 220; 8th Av 216; Dore St 215; Arguello Bl 215;
    Balboa St 214; Laguna St 213; West Portal Av 212; King St 211; 14th Av 210; 23rd St 210;
    8th St 209; 22nd Av 206; 7th Av 204; 32nd Av 204; Revere Av 204; Treat Av 202; Alabama St 202;
    Cole St 201; Sanchez St 200; 21st Av 196; Sloat Bl 195; 18th Av 194; Octavia St 194;
    29th Av 194; Tehama St 194; 27th Av 192; Florida St 190; Diamond St 189; Lake St 189;
    26th Av 187; Sunnydale Av 186; Mendell St 186; Naples St 184; Duboce Av 183; 25th Av 183;
    Judah St 183; Jose Sarria Ct 180; 30th Av 180; Battery St 179; Clementina St 178; 12th St 175;
    21st St 175; 10th Av 174; Pierce St 173; 33rd Av 173; 5th Av 171; Berry St 170; 35th Av 169;
    Sansome St 167; 15th Av 166; Hampshire St 164; 23rd Av 162; Monterey Bl 161; Clayton St 159;
    48th Av 158; 10th St 157; 47th Av 156; Olive St 155; London St 155; Anza St 154; 46th Av 154;
    Noriega St 152; Julian Av 148; Ashbury St 147; Connecticut St 147; Parnassus Av 144;
    Vienna St 143; Quesada Av 142; Ellsworth St 141; Larch St 141; Rhode Island St 136;
    31st Av 135; Maiden Ln 135; Cabrillo St 134; Utah St 133; 11th Av 132; 17th Av 129;
    16th Av 126; Fremont St 126; Madrid St 125; 41st Av 124; Funston Av 124; Paris St 123;
    Collingwood St 122; Beale St 122; Precita Av 122; Woodside Av 122; Capitol Av 120;
    Marina Bl 119; Missouri St 117; 44th Av 117; 43rd Av 116
    """
)
"""Streets of the city proper by how often a call names one of their blocks."""

LAST_BLOCKS: Mapping[str, int] = weights_of(
    """
    Market St 38; Mission St 60; Eddy St 20; United Nations Pz 1; Haight St 19; Geary St 10;
    3rd St 67; Turk St 19; Ellis St 21; Ofarrell St 24; California St 71; Sutter St 27;
    Mcallister St 28; Folsom St 43; Valencia St 17; Hyde St 29; Golden Gate Av 29; Post St 26;
    Powell St 26; Geary Bl 83; Fillmore St 38; Howard St 17; 6th St 15; Jones St 28; 7th St 14;
    Van Ness Av 35; Polk St 32; Bryant St 29; Minna St 14; South Van Ness Av 16; Stevenson St 14;
    18th St 48; Pacific Av 35; Pine St 31; Leavenworth St 28; Harrison St 33; Clay St 40;
    Mason St 27; Christmas Tree Point Rd 2; Potrero Av 15; Larkin St 30; Fulton St 71;
    The Embarcadero Nor 24; San Bruno Av 42; 20th Av 34; 16th St 38; Clement St 43;
    The Embarcadero Sou 9; Grove St 22; Castro St 31; Bush St 30; Taylor St 38; Stockton St 23;
    Divisadero St 38; Dolores St 18; Broadway 29; Chestnut St 26; Scott St 40; Vallejo St 30;
    Kearny St 20; Oak St 21; 24th St 45; Page St 20; Union St 29; Bayshore Bl 26; Irving St 47;
    34th Av 29; Washington St 40; Sacramento St 40; Lombard St 28; Columbus Av 14; 4th St 20;
    Ocean Av 46; Hayes St 23; Natoma St 14; Buena Vista Av W 10; Jackson St 39; 17th St 50;
    Webster St 37; Grant Av 22; New Montgomery St 2; Capp St 12; Bay St 24; 28th Av 27;
    Cesar Chavez St 44; 19th Av 41; La Playa 15; Francisco St 25; Beach St 23; Franklin St 32;
    Fell St 22; 9th St 6; Brannan St 11; Jefferson St 20; Point Lobos Av 11; 24th Av 31;
    Great Hy 35; Filbert St 29; Waller St 19; Lyon St 36; Shotwell St 15; Geneva Av 21; 2nd St 9;
    Green St 29; Williams Av 3; 12th Av 24; Stanyan St 12; San Jose Av 32; Broderick St 37;
    Taraval St 37; Gough St 32; 20th St 45; Drumm St 4; 6th Av 15; Oakdale Av 28;
    Montgomery St 18; 5th St 7; Greenwich St 29; Silver Av 23; North Point St 24; 9th Av 24;
    26th St 44; Guerrero St 16; Church St 19; 15th St 25; Townsend St 7; York St 16; 22nd St 43;
    Alemany Bl 40; 14th St 11; Palou Av 23; Steiner St 34; Masonic Av 17; Baker St 36; 19th St 48;
    Noe St 18; 25th St 49; Buchanan St 37; John F Kennedy Dr 22; 8th Av 20; Dore St 3;
    Arguello Bl 13; Balboa St 48; Laguna St 35; West Portal Av 5; King St 7; 14th Av 26;
    23rd St 44; 8th St 12; 22nd Av 30; 7th Av 18; 32nd Av 26; Revere Av 23; Treat Av 16;
    Alabama St 18; Cole St 16; Sanchez St 18; 21st Av 31; Sloat Bl 29; 18th Av 26; Octavia St 34;
    29th Av 26; Tehama St 8; 27th Av 26; Florida St 17; Diamond St 29; Lake St 29; 26th Av 31;
    Sunnydale Av 22; Mendell St 25; Naples St 12; Duboce Av 7; 25th Av 31; Judah St 43;
    Jose Sarria Ct 0; 30th Av 27; Battery St 13; Clementina St 8; 12th St 4; 21st St 44;
    10th Av 21; Pierce St 36; 33rd Av 26; 5th Av 15; Berry St 6; 35th Av 29; Sansome St 16;
    15th Av 28; Hampshire St 16; 23rd Av 31; Monterey Bl 19; Clayton St 14; 48th Av 24; 10th St 6;
    47th Av 26; Olive St 3; London St 9; Anza St 56; 46th Av 27; Noriega St 42; Julian Av 2;
    Ashbury St 11; Connecticut St 13; Parnassus Av 8; Vienna St 10; Quesada Av 22;
    Ellsworth St 10; Larch St 7; Rhode Island St 15; 31st Av 26; Maiden Ln 2; Cabrillo St 48;
    Utah St 14; 11th Av 19; 17th Av 26; 16th Av 27; Fremont St 4; Madrid St 10; 41st Av 27;
    Funston Av 25; Paris St 9; Collingwood St 5; Beale St 6; Precita Av 7; Woodside Av 4;
    Capitol Av 13; Marina Bl 8; Missouri St 13; 44th Av 27; 43rd Av 27
    """
)
"""A street's last block, in hundreds."""

STREETS_ELSEWHERE: Mapping[str, tuple[str, ...]] = {
    "Treasure Isla": ("Avenue Of The Palms", "13th St", "California Av", "Avenue H", "Bayside Dr"),
    "Yerba Buena": ("Healy Av Rd", "Treasure Island Rd", "Hillcrest Rd", "Signal Tower Rd"),
    "Daly City": ("Bayshore Bl", "Geneva Av", "Schwerin St"),
    "Hunters Point": ("Coleman St", "Friedell St", "Donahue St", "Innes Av"),
    "Presidio": ("West Pacific Av", "Mason St", "Lincoln Bl"),
    "Brisbane": ("Tunnel Av", "Beatty Av"),
    "Fort Mason": ("Macarthur Av", "Schofield Rd"),
}
"""Streets of the places that a call names instead of the city; names are cut at 13 characters."""

COMMON_LOCATIONS: Mapping[str, int] = weights_of(
    """
    Un Pz, Sf 1103; Haight St Corridor 538; Powell St Muni, Sf 510; Civic Center Muni, Sf 475;
    Union Square, Sf 432; Embarcadero Muni Station, Sf 408; Twin Peaks Viewpoint, Sf 398;
    Un Pz 390; Montgomery Muni, Sf 379; Van Ness Av Muni, Sf 375; Buena Vista Park, Sf 371;
    One Hallidie Pz, Sf 344; Mission Station, Sf 328; Legion Of Honor 300; Ferry Bldg, Sf 233;
    San Bruno Av Corridor, Sf 216; Twin Peaks Viewpoint 209; Panhandle Park Plgd 209;
    Stonestown Galleria, Sf 207; Tenderloin Station, Sf 185; Duboce Park, Sf 176;
    Haight St Corridor, Sf 172; Washington Square, Sf 172; Cliff House 171;
    Bayview Station, Sf 167; Southern Station, Sf 149; Palace Of Fine Arts, Sf 145;
    Alamo Square, Sf 136; Mission Dolores Park 135; Pier 39, Sf 132; Mission Dolores Park, Sf 131;
    Clement St Corridor 129; Eureka Valley-Harvey Milk Library, Sf 125; Mendell Pz, Sf 115;
    Civic Center Pz, Sf 109; Portsmouth Square, Sf 108; Sf Ctr, Sf 106; Warm Water Cove Park 103;
    Central Station, Sf 101; Uscg Main Gate 100; Boeddeker Park, Sf 97; Richmond Station, Sf 94;
    Embarcadero Pz, Sf 90; Broadway Corridor 88; Ingleside Station, Sf 87;
    Northern Station, Sf 87; Cable Car Turnaround, Sf 86; Civic Center Bart, Sf 86;
    Clement St Corridor, Sf 82; Joe Dimaggio Plgd, Sf 80; Pier 30 73; Park Station, Sf 73;
    Panhandle Park Plgd, Sf 73; Powell St Bart, Sf 70; Pier 45 69; Aquatic Park, Sf 68;
    Coit Tower 63; Taraval Station, Sf 63; City Hall, Sf 62; Stonestown Galleria 61; Pier 29 58;
    Gg Park Conservatory 56; Lafayette Park, Sf 55; Harvey Milk Pz, Sf 55;
    Sutter Stockton Garage, Sf 55; Crocker Amazon Plgd, Sf 53; 5th & Mission Garage, Sf 53;
    Yerba Buena Gardens, Sf 52; Transbay Terminal-Temp Old, Sf 49; Sue Bierman Park 49;
    Stow Lake Boathouse, Sf 48; Lakeshore Pz, Sf 47; Caltrain Depot, Sf 47; Beach Chalet, Sf 46
    """
)
"""Public places by name, as the calls spell them."""

RARER_TYPES: Mapping[str, int] = weights_of(
    """
    Intoxicated Person 386; Person Screaming 374; Citizen Arrest 363; Citizen Standby 348;
    Missing Juvenile 334; Stolen Property 327; Ringing Doorbell 318; Panic Alarm 288;
    Person W/gun 272; Silent Alarm 269; Person Breaking In 268; Shots Fired 250; Prowler 226;
    Person Down 218; Silent Holdup Alarm 214; Demo / Protest 213; Meet W/officer 211;
    Vehicle Alarm 204; Alarm 195; Fire 191; Recover Missing Veh 189; Agg Assault / Adw 188;
    Drunk Driver 173; Robbery 170; Sexual Assault Adult 153; Aggr Soliciting 151;
    Prostitute/solicite 127; Graffiti Vandalism 126; Person Dumping 111; H&r Injury Accident 105;
    Sexual Assault Juve 81; Juvenile Disturbance 78; Psych Eval / Hold 77; Juve Beyond Control 72;
    Tow Truck 70; Stabbing 67; Muni Alarm 64; Threats Dv 55; Resisting Arrest 55; Shooting 48;
    Purse Snatch 43; Senile Person 42; Bomb Threat 42; Explosive Found 33; Kidnapping 24;
    Explosion 23; Vandalism Dv 21; Suspicious Mailing 18; Abandoned Vehicle 18; Broken Window 15;
    Person Break In Dv 11; Agg Assault / Adw Dv 9; Person W/knife Dv 8; Rolling Drunk Person 6;
    Ambulance 6; Citizen Standby Dv 4; Death / Coroner 3; Emergency Backup 3; Person W/gun Dv 2;
    City Lot Check 2; Well Being Check Dv 2; Ygc / Jail Break 2
    """
)
"""Standard descriptions outside the 60 commonest labels."""

NOTE_CODES: Mapping[str, int] = weights_of(
    """
    488 372; 915 330; 917 300; 7,2,46 289; 919 284; 7.2.45 246; 811 234; 911 222; 800 218;
    650 212; 22500h 187; 910 168; 7,2,27 146; 916 143; 594 142; 311 139; 22514 128; 519 113;
    586 111; 7,2,25 104; 22500b 100; 7.2.25 90; 7,2,45 89; 221 83; 400 75; 222 70; 240 63;
    7.2.28 55; 418 54; 500h 50; 852 43; 22654e 39; 7.2.41 38; 22502a 37; 853 30; 470 29;
    7.2.38 28; 5150 28; 518hr 27; 913 27; 417 27; 21211 26; 22500l 26; 7.2.26 24; 7,2,41 24;
    500b 24; 912 23; 851 23; 799 22; 148 20; 528 19; 7.2.35 18; 152 17; 22500i 17; 7.2.70 16;
    920 16; 500l 16; 0123 15; 801 14; 7,2,28 14; 459 13; 496 13; 7.2.40 13; 809 12; 7.2.37 11;
    420 10; 7.2.52 10; 909x 10; 22507.8a 10; 22500 9; 416 9; 22500a 9; 487 9; 2250e 8; 245 7;
    806 7; 7.2.32 7; 531 6; 419 6; 905 6; 22502b 6; 7.2.34 6; 216 5; 601rtl 5; 588 5; 7,2,52 5;
    25500e 5; 915s 5; 211 5; 405 4
    """
)
"""Codes as dispatchers type them, outside the 60 commonest labels."""

NOTE_WORDS: Mapping[str, int] = weights_of(
    """
    Music 379; Physical 297; Sleeper 295; Casing 294; Party 291; Susp 270; Family 269; Sw 262;
    Male 252; Att 231; Rtl 163; Pay Dispute 159; Attempt 137; Unoccupied 135; Loud Music 134;
    Npat 131; Wz 131; Drop 126; Open Line 120; Nabor 118; Ro Violation 114; Return 106; Ug 105;
    At Risk 104; Casers 101; Nabors 95; Road Rage 94; Skateboarders 87; Vendors 84; Dog 83; Hu 82;
    Loud Party 78; Lltd 76; Veh 75; Unocc 74; Heated 69; Construction 69; Gz 57; Ro 56; Pay 54;
    Poss Caser 54; Opportunist 54; Uwg 54; Ped 53; Poss Ip 49; Chop Shop 49; Agressive 48;
    Child 48; Rz 48; Busn 47; Npa 46; Encampment 45; Poss Unreported 44; Campers 40; Rpt 38;
    Open 38; Static 38; Awol 38; Camper 37; Roommates 36; Vendor 36; Mc 36; Loitering 35;
    Video 35; Sleepers 34; Prem 33; Phys 32; Poss Physical 32; Squatters 31; Chp 31; Haz 31;
    Hot 30; Lltn 30; Heated Verbal 30; Found 29; Sexual 28; Living 28; Property 28; Parking 28;
    Rept 28; Verb 27; Poss Susp 27; Spit 27; Lp 26; Roommate 26; Roadrage 26; Suspect 26;
    Return Call 26; Drinking 25; Fw 24; Guitar 24; Dog Barking 24; Fh 23; Poss Casing 22;
    Drug Dealers 22; Vict 21; Illegal Vendors 21; Drug 21; Stick 20; Hr 20; Passport 20;
    Fireworks 19; Susp Info 19; Opp 19; Subj 19; Att Jo 18; Illegal Vendor 18; Muni 18; Susps 18;
    Hazard 17; Custody 16; Blocked In 16; Occupied 16; Attp 16; Oppor 16; Drop Call 16;
    Live Band 15; Susp Veh 15; Bike 15; Hammer 15; Bonfire 14; Brewing 14; Roomate 14;
    Barking Dog 14; Found Property 14; Wanted Vehicle 14; Dropped Call 14; Drug Use 14;
    Pepper Spray 14; Drums 13; Doorway Blocker 13; Children 13; Cold 13; Aggr 13; Squatter 13;
    Aggresive 13; Pepperspray 13; Poss Casers 13; Yelling 13; Hang Up 12; Plate 12; Neighbors 12;
    Verbal Poss 12; Panhandler 12; Hold Up 12; Poss Jo 12; Boombox 11; Nabor Dispute 11; Mace 11;
    Panhandling 11; Cw 11; Ip Poss 11; Rv 11; Roomates 11; Dealers 11; Passports 10;
    Drug Dealer 10; Scissors 10; Juv 10; Walk Thru 10; Poss Drugs 10; Recycling 10; Panic 10;
    Bolo 10; Bike Lane 10; Minor 10; Returned 10; Vehicle 10; Pipe 10; Verbals 9
    """
)
"""Words of notes, outside the 60 commonest labels."""

NOTE_MODIFIERS: Mapping[str, int] = weights_of(
    "Poss 60; Susp 8; Att 7; Rep 6; Jo 6; Rtl 5; Ip 4; X 4"
)
"""Words said beside another."""
