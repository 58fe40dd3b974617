"""Given names that are usual in the United States, without accents, to tell a slip from a name.

*Jhon* beside *John* is a slip of the keyboard; *Joan* beside *John* is somebody else. Where
both of two names stand here, they are two people. A name that is missing costs little: it is
only looked at where two names at one address differ by one letter inside.
"""

from __future__ import annotations

_NAMES = """
    aaron abel abigail abraham ada adam adan adela adele adelina adrian adriana agnes agustin aida
    aidan aileen aisha alan alana alba albert alberta alberto alden aldo alejandra alejandro alex
    alexa alexander alexandra alexis alfonso alfred alfredo ali alice alicia alina alisa alisha
    alison alistair allan allen allie allison alma alondra alonso alvaro alvin alyssa amalia amanda
    amani amara amber amelia amina amir amira amy ana anabel anastasia andre andrea andres andrew
    angel angela angelica angelina angelo angie anika anita ann anna annabel anne annette annie
    anthony antoine antonia antonio april arianna ariel arlene armando arnold art arthur arturo
    arya asha ashley ashlee aubrey audra audrey august aurora austin ava avery barbara barry
    beatrice beatriz becky belen belinda bella ben benito benjamin bennie bernadette bernard
    bernice bert bertha beryl bessie beth bethany betty beverly bianca bill billie blake blanca
    bonnie brad bradley brandi brandon brandy breana breanna brenda brendan brenna brent bret brett
    brian briana brianna bridget brooke bruce bruno bryan bryant bryce caitlin caleb calvin camila
    camilla camille cara caren carey cari carina carla carlo carlos carlton carly carmela carmelo
    carmen carol carole carolina caroline carolyn carrie carson casey cassandra cassie catalina
    catarina catherine cathleen cathy cecelia cecilia cedric celeste celia celina cesar chad
    chandra charlene charles charlie charlotte chelsea cheri cherie cheryl chester chris christa
    christian christie christina christine christopher christy cindy claire clara clare clarence
    clarissa claude claudette claudia claudine claudio clay clayton clifford clifton clint clinton
    clyde cody colin colleen collin connie connor conor constance cora corey corinne cory courtney
    craig cristian cristina crystal curtis cynthia daisy dale dalia dallas damian damien damon dan
    dana daniel daniela daniella danielle danny dante daphne darcy darin darius darla darlene
    darrel darrell darren darryl daryl dave david davin dawn dean deana deanna deanne debbie debora
    deborah debra deena deidre delia della delores denis denise dennis derek derick derrick desiree
    devin devon diana diane dianna dianne diego dina dion dionne dolores dominic dominick dominique
    don donald donna donnie dora dorian doris dorothy doug douglas drew duane dustin dwayne dwight
    dylan earl ebony eddie edgar edith edmund eduardo edward edwin efrain eileen elaina elaine elba
    eleanor elena eli elias elijah elisa elisabeth elise elisha eliza elizabeth ella ellen ellie
    elliot elliott elmer elsa elsie elva elvia elvin elvira elvis emanuel emil emilia emilie emilio
    emily emma emmanuel emmett enrique eric erica erick ericka erik erika erin erma ernest ernesto
    esperanza esteban estela estella esther ethan ethel eugene eugenia eunice eva evan evangelina
    eve evelia evelin evelyn everett ezra fabian fabiola faith fannie fatima faye federico felicia
    felipe felix fermin fernanda fernando fidel fiona flora florence floyd forrest fran frances
    francesca francesco francine francis francisca francisco frank frankie franklin fred freda
    freddie freddy frederic frederick frieda gabriel gabriela gabriella gabrielle gail garrett
    garry gary gavin gena gene geneva genevieve geoffrey george georgia georgina gerald geraldine
    gerard gerardo german gertrude gilbert gilberto gina ginger giovanni gisela giselle gladys
    glen glenda glenn gloria gordon grace gracie graciela grant greg gregg gregorio gregory greta
    gretchen guadalupe guillermo gustavo guy gwen gwendolyn hailey haley hana hank hanna hannah
    hans harold harriet harriett harrison harry harvey hassan hazel heather hector heidi helen
    helena helene henrietta henry herbert heriberto herman herminia hilary hilda hillary holly
    homer hope horacio howard hubert hugh hugo hunter ian ibrahim ida ignacio ilana imani imelda
    imran ina ines inez ingrid ira irena irene iris irma isaac isabel isabela isabella isabelle
    isaiah isidro ismael israel ivan ivette ivonne ivy jack jackie jacklyn jaclyn jacob jacqueline
    jacquelyn jade jaime jake jamal james jamie jan jana jane janelle janet janette janice janie
    janine janis jared jarod jarrod jasmin jasmine jason jasper javier jay jayne jean jeanette
    jeanie jeanine jeanne jeannie jeff jeffery jeffrey jena jenna jennie jennifer jenny jerald
    jeremiah jeremy jermaine jerome jerry jesse jessica jessie jesus jill jillian jim jimmie jimmy
    jo joan joann joanna joanne joaquin jocelyn jodi jodie jody joe joel joey johan johana johanna
    john johnathan johnnie johnny jon jonah jonas jonathan jonathon jordan jorge jose josefa
    josefina joseph josephine joshua josie josue joy joyce juan juana juanita judith judy julia
    julian juliana julianna julianne julie juliet julieta juliette julio julius june justin justina
    justine kaitlin kaitlyn kara karen kari karin karina karl karla karyn kate katelyn katharine
    katherine kathleen kathryn kathy katie katrina kay kayla keith kelley kelli kellie kelly kelsey
    ken kendall kendra kenneth kenny kent keri kerri kerry kevin khalid kim kimberly kirk kirsten
    kirstin krista kristen kristi kristian kristie kristin kristina kristine kristy krystal kurt
    kyle kylie lacey lana lance lara larry latasha latisha latoya laura laurel lauren laurence
    laurie lawrence lea leah leanna leanne lee leigh leila lela leland lena leo leon leona leonard
    leonardo leonor leroy lesley leslie lester leticia levi lewis lia liam lidia lila lilia lilian
    liliana lillian lillie lily lina linda lindsay lindsey lionel lisa liz liza lizbeth lloyd logan
    lois lola lonnie lora loraine loren lorena lorene lorenzo loretta lori lorraine lottie louis
    louisa louise lourdes lucas lucia luciana luciano lucila lucille lucinda lucio lucy luis luisa
    luke lupe luther luz lydia lyle lynda lynette lynn lynne mabel mack maddie madeleine madeline
    madelyn mae magdalena maggie mahmoud maira mandy manuel manuela mara marc marcela marcelo
    marcia marcie marco marcos marcus margaret margarita margie margo margot marguerite maria mariah
    marian mariana marianna marianne maribel maricela marie mariel mariela marilyn marina mario
    marion marisa marisela marisol marissa maritza marjorie mark marla marlen marlena marlene
    marlon marsha marshall marta martha martin martina marty marvin mary maryann mason mateo matilda
    matilde matt matthew mattie maureen maurice mauricio max maxine maya mayra megan meghan mei
    melanie melba melinda melisa melissa melody melvin mercedes meredith merle mia micaela micah
    michael michaela michele michelle miguel mike mikayla mila mildred miles milton mimi
    mina mindy minerva minnie mira miranda miriam misty mitch mitchell mohamed mohammed moira mollie
    molly mona monica monique monte morgan morris moses muhammad muriel myra myrna myrtle nadia
    nadine nancy naomi natalia natalie natasha nathan nathaniel neal ned neil nelda nellie nelly
    nelson nestor nia nicholas nichole nick nicky nicolas nicole nikki nina noah noel noelle noemi
    nolan nora norah norma norman nour octavio olga olive oliver olivia omar ophelia oralia orlando
    oscar otis owen pablo paige pam pamela pat patrice patricia patrick patsy patti patty paul paula
    paulette paulina pauline peggy penelope penny percy perla perry pete peter petra phil philip
    phillip phoebe phyllis pilar polly priscilla quentin quincy rachael rachel rachelle rafael ralph
    ramiro ramon ramona randal randall randi randy raquel rashad raul ray raymond raymundo reba
    rebeca rebecca regina reginald rene renee reyna rhonda ricardo rich richard rick rickey ricky
    riley rita rob robbie robert roberta roberto robin robyn rocio rochelle roderick rodney rodolfo
    rodrigo rogelio roger rohan roland rolando roman romeo ron ronald ronda ronnie rosa rosalia
    rosalie rosalind rosalinda rosalyn rosario rose roseann rosemarie rosemary rosie ross roxana
    roxanne roy ruben ruby rudolph rudy rufus russell rusty ruth ryan sabina sabrina sadie
    sahar sally salma salvador sam samantha samara samir samira sammy samuel sana sandra sandy
    santiago santos sara sarah sasha saul savannah scott sean seth shana shane shanna shannon shari
    sharon shaun shauna shawn shawna sheena sheila shelby sheldon shelley shelly sheri
    sherman sherri sherrie sherry sheryl shirley sidney sierra silvia simon simone sofia sonia sonja
    sonya sophia sophie spencer stacey staci stacie stacy stan stanley stefan stefanie stella
    stephan stephanie stephen stephon steve steven stewart stuart sue summer susan susana susanna
    susanne susie suzanne sybil sydney sylvia tabatha tabitha tamara tameka tami tamika tammie tammy
    tania tanisha tanya tara tariq tasha taylor ted terence teresa teri terra terrance terrell
    terrence terri terry tess tessa thelma theo theodora theodore theresa thomas tia tiffany tim
    timothy tina tisha toby todd tom tomas tommie tommy toni tonia tony tonya tori tracey traci
    tracie tracy travis trent trevor tricia trina trinidad trinity trisha tristan troy tyler tyrone
    tyson ulysses ursula valentin valentina valeria valerie vanessa velma vera verna vernon veronica
    vicente vicki vickie vicky victor victoria vilma vince vincent viola violet virgil virginia
    vivian viviana wade wallace walter wanda warren wayne wendell wendy wesley whitney wilbert
    wilbur wilfredo will willa willard william willie willis wilma wilson winifred winnie winston
    wyatt xavier xiomara yadira yara yasmin yasmine yesenia yolanda yoshiko yuki yusuf yvette
    yvonne zachary zahra zara zelda zoe zoey zora zulma
"""
GIVEN_NAMES = frozenset(_NAMES.split())
