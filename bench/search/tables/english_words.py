"""English words in two forms, and with the errors of typing."""

from __future__ import annotations

from bench.search.tables.office_words import words


def _rows(text: str) -> tuple[tuple[str, str], ...]:
    pairs = (row.split("/") for row in words(text))
    return tuple((held, typed) for held, typed in pairs)


# As a file has it / as it is typed.
FORMS = _rows(
    "inspected/inspection deliveries/delivery shipments/shipment renewed/renewal payments/payment "
    "calibrated/calibrating policies/policy warranties/warranty suppliers/supplier "
    "maintained/maintaining approvals/approval installed/installing insurers/insurer cancelled/cancel "
    "negotiated/negotiating batches/batch audits/auditing penalties/penalty translated/translation "
    "damaged/damages recruiting/recruited certificates/certificate forklifts/forklift drills/drilling "
    "harvested/harvesting licences/licence leaks/leaking dismantled/dismantling vaccinations/vaccination "
    "exported/exports reimbursed/reimburse subsidiaries/subsidiary terminated/terminating welding/welded "
    "pallets/pallet quotations/quotation refunded/refunds accidents/accident tenancies/tenancy "
    "boilers/boiler bought/buy analyses/analysis"
)
TYPOS = _rows(
    "occurrence/occurence aluminium/alumnium accommodation/accomodation pharmaceutical/pharmacuetical "
    "questionnaire/questionaire scaffolding/scafolding refrigerator/refridgerator hydraulic/hydralic "
    "thermometer/thermometre photography/photograhpy archaeology/archeaology supermarket/supermaket "
    "chlorine/clorine bulldozer/buldozer cathedral/cathederal mezzanine/mezanine generator/genarator "
    "transformer/transfomer observatory/obsevatory greenhouse/greenhuose parliament/parliment "
    "millennium/millenium secretary/secratary barometer/baromater catalogue/cataloque asbestos/asbestoz "
    "excavator/excavtor embroidery/embriodery sapphire/saphire zeppelin/zepelin Margaret/Margret "
    "Fitzgerald/Fitzgereld Vancouver/Vancuover Johannesburg/Johanesburg Wellington/Welington "
    "Christchurch/Chrischurch Birmingham/Birmigham Copenhagen/Copenhagan Philadelphia/Philedelphia "
    "Gothenburg/Gotenburg Reykjavik/Reykjavic Bratislava/Bratislawa"
)
