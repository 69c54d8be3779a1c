"""How exports name their columns, in several languages: names as `plain_name` writes them.

Within a role the earlier name wins. English first, then German, Czech, French, Spanish, Italian,
Polish, Dutch, Swedish and Portuguese.
"""

import re
import unicodedata
from collections.abc import Sequence

CUSTOMER_ID = """
customeruniqueid customerid customeridentifier customerno customernumber customernr customercode
custid custno customerkey customer clientid clientno clientnumber client userid user buyerid buyer
memberid membernumber member shopperid shopper consumerid guestid subscriberid accountid account
contactid householdid householdkey loyaltyid cardid cardnumber personid cid uid
kundennummer kundennr kundenid kundeid kdnr kundenr kunde debitor debitorennummer
idzakaznika zakaznikid cislozakaznika zakaznik klientid idklienta klient
idclient numeroclient numclient noclient codeclient acheteur
idcliente clienteid codigocliente numerocliente codicecliente cliente
nrklienta klantnummer klantid klantnr klant kundnummer kundid kundnr kund
customeremail emailaddress email
"""

TIMESTAMP = """
timestamp orderedat orderedon orderdate orderdatetime ordertimestamp ordertime
orderpurchasetimestamp invoicedate invoicedatetime invoicetimestamp
transactiondate transactiondatetime transactiontimestamp transactiontime
purchasedate purchasedat purchasetime purchasetimestamp
saledate salesdate bookingdate billdate paymentdate paidat processedat
orderplacedat placedat occurredat eventtime eventtimestamp createdat createdon datecreated
createddate creationdate created datetime date time day ts
bestelldatum auftragsdatum rechnungsdatum kaufdatum belegdatum buchungsdatum zeitpunkt
zeitstempel datum
datumobjednavky datumnakupu datumvytvoreni datumvystaveni vytvoreno objednano
datecommande datedecommande dateachat datedachat datefacture horodatage
fechapedido fechacompra fechafactura fecha dataordine datapedido datazamowienia datazakupu data
besteldatum orderdatum factuurdatum aankoopdatum kopdatum
"""

AMOUNT = """
amount orderamount totalamount amounttotal ordertotal total totalprice totalvalue linetotal
lineamount linevalue netamount netvalue nettotal net grossamount grosstotal gross grandtotal
subtotal revenue netrevenue salesamount salesvalue sales sale turnover totalspent spend spent
paymentvalue paymentamount payment ordervalue basketvalue transactionamount transactionvalue
transactiontotal purchaseamount purchasevalue invoiceamount invoicetotal invoicevalue monetaryvalue
monetary money value
betrag gesamtbetrag rechnungsbetrag bruttobetrag nettobetrag zahlbetrag gesamtsumme summe
gesamtpreis umsatz bestellwert warenwert gesamt wert
castka celkovacastka celkovacena cenacelkem celkem hodnota trzba suma
montant montanttotal montantttc montantht prixtotal chiffredaffaires ca
importe importetotal monto montototal preciototal importo totale
kwota wartosc bedrag totaalbedrag totaal belopp summa valortotal valor
"""

UNIT_PRICE = """
unitprice priceperunit priceeach itemprice singleprice price
einzelpreis stuckpreis stueckpreis preis jednotkovacena cenazakus cenakus cena
prixunitaire prix preciounitario precio prezzounitario prezzo cenajednostkowa stukprijs prijs
styckpris pris precounitario preco
"""

LINE_OR_UNIT_PRICE = frozenset(
    ("price", "preis", "cena", "prix", "precio", "prezzo", "prijs", "pris", "preco")
)
"""Names that may mean the price of one unit or of the whole row."""

ORDER_ID = """
orderid ordernumber orderno ordernr orderref orderreference ordername invoiceid invoiceno
invoicenumber invoicenr transactionid transactionno transactionnumber purchaseid receiptid
receiptno receiptnumber basketid bookingid saleid salesid billid billno checkoutid paymentid
order invoice transaction receipt basket
bestellnummer bestellnr bestellid auftragsnummer auftragsnr auftrag rechnungsnummer rechnungsnr
belegnummer belegnr bonnummer bestellung
cisloobjednavky idobjednavky objednavkaid objednavka cislofaktury cislodokladu
numerocommande numcommande nocommande idcommande refcommande commande numerofacture facture
numeropedido idpedido pedido numerofactura idfactura factura numeroordine idordine ordine
numerzamowienia idzamowienia zamowienie bestelnummer ordernummer factuurnummer
"""

QUANTITY = """
quantity qty orderquantity itemquantity quantityordered units unitssold unitcount pieces pcs
itemcount itemsold items
menge anzahl stueckzahl stuckzahl stueck stuck stk mnozstvi pocetkusu pocet kusy kusu ks
quantite qte cantidad unidades quantita ilosc aantal antal quantidade
"""

PRODUCT = """
productid productcode sku productsku stockcode itemid itemcode articleid articlenumber articleno
asin ean product productname item itemname lineitemname article
artikelnummer artikelnr artikel produktnummer produktid produkt kodzbozi kodproduktu zbozi
produit article reference refproduit producto articulo prodotto
"""

CURRENCY = """
currency currencycode currencyiso waehrung wahrung mena devise moneda divisa valuta waluta moeda
"""

MARKET = "market marketid marketcode marketname marketplace markt trh marche mercado mercato rynek"

NAMES: dict[str, tuple[str, ...]] = {
    role: tuple(dict.fromkeys(names.casefold().split()))
    for role, names in {
        "customer_id": CUSTOMER_ID,
        "timestamp": TIMESTAMP,
        "amount": AMOUNT,
        "unit_price": UNIT_PRICE,
        "order_id": ORDER_ID,
        "quantity": QUANTITY,
        "product": PRODUCT,
        "currency": CURRENCY,
        "market": MARKET,
    }.items()
}

_PART_CHARS = 5
"""A shorter name inside a longer one says too little: `day` is in `birthday`."""


def plain_name(name: str) -> str:
    """A column name in small letters and digits, accents dropped: `Částka (Kč)` is `castkakc`.

    >>> plain_name("Customer ID"), plain_name("Částka")
    ('customerid', 'castka')
    """
    spread = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ł", "l"))
    return re.sub(r"[^a-z0-9]", "", spread.casefold())


def columns_named(role: str, names: Sequence[str]) -> list[int]:
    """Positions of the columns whose name is one of this role, the most likely first."""
    plain = [plain_name(name) for name in names]
    return [plain.index(known) for known in NAMES[role] if known in plain]


def columns_partly_named(role: str, names: Sequence[str]) -> list[int]:
    """Positions of the columns whose name holds one of this role, the most likely first."""
    plain = [plain_name(name) for name in names]
    found = [
        at
        for known in NAMES[role]
        if len(known) >= _PART_CHARS
        for at, name in enumerate(plain)
        if known in name and not name.startswith(("birth", "first", "last", "geburt"))
    ]
    return list(dict.fromkeys(found))
